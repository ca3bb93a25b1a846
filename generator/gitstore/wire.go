package gitstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"octopod/generator/staging"
)

// wire is a client of git's protocol over one kind of connection.
type wire interface {
	// listRefs reads the references and the server's capabilities.
	listRefs(ctx context.Context) (*packp.AdvRefs, session, error)
	// reopen opens a session with a server whose capabilities are known.
	reopen(ctx context.Context) (session, error)
	// push sends the request that build returns for the server's capabilities.
	push(ctx context.Context, build func(*capability.List) *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error)
	// checkPushAccess returns an error when the server would reject a push.
	checkPushAccess(ctx context.Context) error
	close() error
}

// session is one fetch.
type session interface {
	fetchPack(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error)
	close()
}

// capabilities are the server's capabilities, decoded where they matter here.
type capabilities struct {
	list    *capability.List
	partial bool // partial clone: the server sends trees without files, and any object on demand
	shallow bool // the server sends a commit without its history
}

func parseCapabilities(l *capability.List) capabilities {
	return capabilities{
		list: l,
		partial: l.Supports(capability.Filter) && l.Supports(capability.Shallow) &&
			l.Supports(capability.AllowReachableSHA1InWant),
		shallow: l.Supports(capability.Shallow),
	}
}

const agent = "octopod"

// request prepares a fetch. thin allows deltas of objects that the cache has.
func (a capabilities) request(thin bool) *packp.UploadPackRequest {
	req := packp.NewUploadPackRequest()
	want := []capability.Capability{capability.OFSDelta, capability.NoProgress, capability.Shallow}
	switch {
	case a.list.Supports(capability.Sideband64k):
		want = append(want, capability.Sideband64k)
	case a.list.Supports(capability.Sideband):
		want = append(want, capability.Sideband)
	}
	for _, c := range want {
		if a.list.Supports(c) {
			_ = req.Capabilities.Set(c) // fails for unknown names only
		}
	}
	if a.partial {
		_ = req.Capabilities.Set(capability.Filter)
	}
	if thin {
		_ = req.Capabilities.Set(capability.ThinPack) // go-git removes it from the server's list
	}
	if a.list.Supports(capability.Agent) {
		_ = req.Capabilities.Set(capability.Agent, agent)
	}
	return req
}

// maxPack limits how many bytes of one response are read.
const maxPack = 2 << 30

// readPack reads the pack of a response, and the server's messages in its sideband.
func readPack(req *packp.UploadPackRequest, res *packp.UploadPackResponse) ([]byte, error) {
	defer res.Close()
	var messages bytes.Buffer
	var r io.Reader = res
	switch {
	case req.Capabilities.Supports(capability.Sideband64k):
		d := sideband.NewDemuxer(sideband.Sideband64k, res)
		d.Progress, r = &messages, d
	case req.Capabilities.Supports(capability.Sideband):
		d := sideband.NewDemuxer(sideband.Sideband, res)
		d.Progress, r = &messages, d
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxPack))
	if err != nil {
		return nil, fmt.Errorf("read pack: %w%s", err, remoteLines(messages.String()))
	}
	return raw, nil
}

// pushRequest is the request to move one branch.
func pushRequest(caps *capability.List, ref string, old, new Hash, pack []byte, messages io.Writer) *packp.ReferenceUpdateRequest {
	req := packp.NewReferenceUpdateRequest()
	for _, c := range []capability.Capability{capability.ReportStatus, capability.Sideband64k, capability.OFSDelta, capability.Atomic} {
		// All servers have the first three; atomic is used only when announced.
		if caps != nil && caps.Supports(c) || caps == nil && c != capability.Atomic {
			_ = req.Capabilities.Set(c)
		}
	}
	_ = req.Capabilities.Set(capability.Agent, agent)
	req.Commands = []*packp.Command{{Name: plumbing.ReferenceName(ref), Old: plumbing.Hash(old), New: plumbing.Hash(new)}}
	req.Packfile = io.NopCloser(bytes.NewReader(pack))
	req.Progress = messages
	return req
}

// pushError returns why the server did not move the branch, nil when it did.
func pushError(report *packp.ReportStatus, err error, messages string) error {
	if report == nil {
		if err == nil {
			return errors.New("the server did not report the result of the push")
		}
		return err
	}
	if report.UnpackStatus != "ok" {
		return failf(staging.CodeUnavailable, nil, "contact the administrator of the git server",
			"the git server could not store the push: %s%s", report.UnpackStatus, remoteLines(messages))
	}
	for _, c := range report.CommandStatuses {
		if c.Status != "ok" {
			return failf(staging.CodeForbidden, &rejection{c.Status + remoteLines(messages)},
				"check the rules of this branch on the git server: protection, hooks, who may push",
				"the git server rejected the push to %s", c.ReferenceName.Short())
		}
	}
	return err
}

// remoteLines formats the server's messages as git does: each line after "remote:".
func remoteLines(messages string) string {
	var b strings.Builder
	for line := range strings.FieldsFuncSeq(messages, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString("\nremote: " + line)
		}
	}
	return b.String()
}

// emptyRepository reports whether err means that the remote has no references.
func emptyRepository(err error) bool { return errors.Is(err, transport.ErrEmptyRemoteRepository) }

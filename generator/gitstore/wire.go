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

// wire speaks git's protocol over one kind of connection.
type wire interface {
	// list reads the references and what the server can do.
	list(ctx context.Context) (*packp.AdvRefs, session, error)
	// resume opens a session for a server that was listed before.
	resume(ctx context.Context) (session, error)
	// receive pushes.
	receive(ctx context.Context, build func(*capability.List) *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error)
	// mayReceive asks whether it would be let in.
	mayReceive(ctx context.Context) error
	close() error
}

// session is one exchange of fetching.
type session interface {
	upload(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error)
	close()
}

// abilities are what a server can do that matters here.
type abilities struct {
	list    *capability.List
	lazy    bool // sends trees without files, and any object on demand
	shallow bool // sends a commit without its history
}

func abilitiesOf(l *capability.List) abilities {
	return abilities{
		list: l,
		lazy: l.Supports(capability.Filter) && l.Supports(capability.Shallow) &&
			l.Supports(capability.AllowReachableSHA1InWant),
		shallow: l.Supports(capability.Shallow),
	}
}

const agent = "octopod"

// request prepares a fetch; thin allows deltas on objects that are here.
func (a abilities) request(thin bool) *packp.UploadPackRequest {
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
	if a.lazy {
		_ = req.Capabilities.Set(capability.Filter)
	}
	if thin {
		_ = req.Capabilities.Set(capability.ThinPack) // go-git hides that the server offers it
	}
	if a.list.Supports(capability.Agent) {
		_ = req.Capabilities.Set(capability.Agent, agent)
	}
	return req
}

// maxPack is the most that is read of one answer.
const maxPack = 2 << 30

// readPack reads the pack of an answer and the server's words beside it.
func readPack(req *packp.UploadPackRequest, res *packp.UploadPackResponse) ([]byte, error) {
	defer res.Close()
	var words bytes.Buffer
	var r io.Reader = res
	switch {
	case req.Capabilities.Supports(capability.Sideband64k):
		d := sideband.NewDemuxer(sideband.Sideband64k, res)
		d.Progress, r = &words, d
	case req.Capabilities.Supports(capability.Sideband):
		d := sideband.NewDemuxer(sideband.Sideband, res)
		d.Progress, r = &words, d
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxPack))
	if err != nil {
		return nil, fmt.Errorf("read pack: %w%s", err, remoteWords(words.String()))
	}
	return raw, nil
}

// pushRequest asks to move one branch.
func pushRequest(caps *capability.List, ref string, old, new Hash, pack []byte, words io.Writer) *packp.ReferenceUpdateRequest {
	req := packp.NewReferenceUpdateRequest()
	for _, c := range []capability.Capability{capability.ReportStatus, capability.Sideband64k, capability.OFSDelta, capability.Atomic} {
		// Every server that is not asked beforehand is known to have the first three.
		if caps != nil && caps.Supports(c) || caps == nil && c != capability.Atomic {
			_ = req.Capabilities.Set(c)
		}
	}
	_ = req.Capabilities.Set(capability.Agent, agent)
	req.Commands = []*packp.Command{{Name: plumbing.ReferenceName(ref), Old: plumbing.Hash(old), New: plumbing.Hash(new)}}
	req.Packfile = io.NopCloser(bytes.NewReader(pack))
	req.Progress = words
	return req
}

// verdict reads the server's answer to a push; nil when the branch was moved.
func verdict(report *packp.ReportStatus, err error, words string) error {
	if report == nil {
		if err == nil {
			return errors.New("the server did not say what became of the push")
		}
		return err
	}
	if report.UnpackStatus != "ok" {
		return failf(staging.CodeUnavailable, nil, "ask who runs the git server",
			"the git server could not store the push: %s%s", report.UnpackStatus, remoteWords(words))
	}
	for _, c := range report.CommandStatuses {
		if c.Status != "ok" {
			return failf(staging.CodeForbidden, &refusal{c.Status + remoteWords(words)},
				"look at the rules of this branch on the git server: protection, hooks, who may push",
				"the git server refused the push to %s", c.ReferenceName.Short())
		}
	}
	return err
}

// remoteWords renders what the server said to the person, like git: one line
// after the other behind "remote:".
func remoteWords(words string) string {
	var b strings.Builder
	for line := range strings.FieldsFuncSeq(words, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString("\nremote: " + line)
		}
	}
	return b.String()
}

// emptyRepository tells that there is nothing to list.
func emptyRepository(err error) bool { return errors.Is(err, transport.ErrEmptyRemoteRepository) }

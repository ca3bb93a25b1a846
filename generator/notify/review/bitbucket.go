package review

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"octopod/generator/notify"
)

// bitbucket calls version 2.0 of Bitbucket Cloud's API with an access token. It has
// no library, because the existing ones do not support comments.
//
//	https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/
//	https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/
type bitbucket struct {
	Options
	http *http.Client
}

func (b *bitbucket) Requests(ctx context.Context, repository, commit string) ([]int64, error) {
	var page struct {
		Values []struct {
			ID    int64
			State string
		}
	}
	err := b.call(ctx, http.MethodGet, "/repositories/"+repository+"/commit/"+commit+"/pullrequests", nil, &page)
	var open []int64
	for _, r := range page.Values {
		if r.State == "OPEN" {
			open = append(open, r.ID)
		}
	}
	return open, err
}

// bitbucketComment is a comment of a pull request.
type bitbucketComment struct {
	ID      int64 `json:"id,omitempty"`
	Deleted bool  `json:"deleted,omitempty"`
	Content struct {
		Raw string `json:"raw"`
	} `json:"content"`
}

func (b *bitbucket) Comments(ctx context.Context, repository string, request int64) ([]Comment, error) {
	var all []Comment
	next := fmt.Sprintf("%s?pagelen=%d&sort=created_on", commentsPath(repository, request), perPage)
	for range maxPages {
		var page struct {
			Values []bitbucketComment
			Next   string
		}
		if err := b.call(ctx, http.MethodGet, next, nil, &page); err != nil {
			return nil, err
		}
		for _, c := range page.Values {
			if !c.Deleted {
				all = append(all, Comment{c.ID, c.Content.Raw})
			}
		}
		if !strings.HasPrefix(page.Next, b.API+"/") { // send the token to this host only
			break
		}
		next = strings.TrimPrefix(page.Next, b.API)
	}
	return all, nil
}

func commentsPath(repository string, request int64) string {
	return fmt.Sprintf("/repositories/%s/pullrequests/%d/comments", repository, request)
}

func (b *bitbucket) Comment(ctx context.Context, repository string, request int64, text string) (int64, error) {
	var c bitbucketComment
	c.Content.Raw = text
	var made bitbucketComment
	err := b.call(ctx, http.MethodPost, commentsPath(repository, request), c, &made)
	return made.ID, err
}

func (b *bitbucket) Edit(ctx context.Context, repository string, request, id int64, text string) error {
	var c bitbucketComment
	c.Content.Raw = text
	return b.call(ctx, http.MethodPut, fmt.Sprintf("%s/%d", commentsPath(repository, request), id), c, nil)
}

func (b *bitbucket) Remove(ctx context.Context, repository string, request, id int64) error {
	return b.call(ctx, http.MethodDelete, fmt.Sprintf("%s/%d", commentsPath(repository, request), id), nil, nil)
}

// bitbucketStatus is a build status. Its key of 40 characters identifies it.
type bitbucketStatus struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	State       string `json:"state"`
	Description string `json:"description"`
	URL         string `json:"url"`
}

func (b *bitbucket) Status(ctx context.Context, repository, commit, name string) (Status, error) {
	var s bitbucketStatus
	err := b.call(ctx, http.MethodGet, statusesPath(repository, commit)+"/"+statusKey(name), nil, &s)
	if notPermitted(err) {
		return Status{}, nil
	}
	return Status{name, map[string]State{"INPROGRESS": Pending, "SUCCESSFUL": Success, "FAILED": Failure, "STOPPED": Cancelled}[s.State], s.Description, s.URL}, err
}

func statusKey(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:20])
}

func statusesPath(repository, commit string) string {
	return "/repositories/" + repository + "/commit/" + commit + "/statuses/build"
}

// SetStatus replaces the status of the same name. It does nothing without a page,
// because Bitbucket requires a URL.
func (b *bitbucket) SetStatus(ctx context.Context, repository, commit string, s Status) error {
	if s.Page == "" {
		return nil
	}
	state := map[State]string{Pending: "INPROGRESS", Success: "SUCCESSFUL", Failure: "FAILED", Cancelled: "STOPPED"}[s.State]
	return b.call(ctx, http.MethodPost, statusesPath(repository, commit), bitbucketStatus{statusKey(s.Name), s.Name, state, s.Text, s.Page}, nil)
}

// call sends a request and decodes the response into a value, unless that is nil.
func (b *bitbucket) call(ctx context.Context, method, path string, body, into any) error {
	var data io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("cannot encode the request: %w", err)
		}
		data = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, b.API+path, data)
	if err != nil {
		return fmt.Errorf("the forge's API URL is not valid: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+b.Token)
	r.Header.Set("Content-Type", "application/json")
	response, err := b.http.Do(r)
	if err != nil {
		return fmt.Errorf("cannot reach the forge: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusMultipleChoices {
		var failure struct{ Error struct{ Message string } }
		_ = json.NewDecoder(response.Body).Decode(&failure) // for the error message, if it can be read
		return &notify.RejectedError{Status: response.StatusCode, Message: failure.Error.Message}
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("cannot read the forge's response: %w", err)
	}
	return nil
}

package argocd

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// get reads a path of Argo CD's REST API, which has the same address as gRPC, into an
// answer. It is for messages whose gRPC types differ between versions of Argo CD.
func (c *Client) get(ctx context.Context, method, path string, query url.Values, answer any) (err error) {
	began := time.Now()
	defer func() {
		if c.options.OnCall != nil {
			c.options.OnCall(method, status.Code(err).String(), time.Since(began))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, c.timing.callTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.web.base+path+"?"+query.Encode(), nil)
	if err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	headers, err := callMetadata{c.options}.GetRequestMetadata(ctx)
	if err != nil {
		return err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Authorization", "Bearer "+headers["token"])
	response, err := c.web.client.Do(request)
	if err != nil {
		return transportError(ctx, err)
	}
	defer response.Body.Close()
	return decodeREST(response, answer)
}

// decodeREST decodes a response, or the error in it.
func decodeREST(response *http.Response, answer any) error {
	body := io.LimitReader(response.Body, maxMessage)
	if response.StatusCode == http.StatusOK {
		if err := json.NewDecoder(body).Decode(answer); err != nil {
			return status.Error(codes.Unavailable, "this is not Argo CD: "+err.Error())
		}
		return nil
	}
	var fault struct {
		Code    codes.Code `json:"code"`
		Message string     `json:"message"`
	}
	if json.NewDecoder(body).Decode(&fault) == nil && fault.Code != codes.OK {
		return status.Error(fault.Code, fault.Message)
	}
	return status.Error(codes.Unavailable, "HTTP status "+response.Status)
}

package argocd

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcmetadata "google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// grpcWeb implements gRPC-web: gRPC in HTTP/1.1 requests, for proxies without HTTP/2.
// It replaces all calls of a connection in interceptors, so the connection is never
// dialed. Argo CD's own client needs a socket in a temporary directory for this, and
// exits the process if that fails.
type grpcWeb struct {
	options Options
	base    string
	client  *http.Client
}

func newGRPCWeb(o Options, config *tls.Config) *grpcWeb {
	u := url.URL{Scheme: "https", Host: o.Server, Path: "/" + o.RootPath}
	if config == nil {
		u.Scheme = "http"
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true}
	return &grpcWeb{options: o, base: strings.TrimSuffix(u.String(), "/"), client: &http.Client{Transport: transport}}
}

// Constants of a frame.
const (
	frameHeaderSize = 5 // one byte of flags, four bytes of length
	trailerFlag     = 0x80
)

func (w *grpcWeb) unary(ctx context.Context, method string, request, reply any, _ *grpc.ClientConn, _ grpc.UnaryInvoker, _ ...grpc.CallOption) error {
	s := &grpcWebStream{web: w, ctx: ctx, method: method}
	if err := s.SendMsg(request); err != nil {
		return err
	}
	defer s.close()
	if err := s.RecvMsg(reply); err != nil {
		if errors.Is(err, io.EOF) {
			return status.Error(codes.Internal, "gRPC-web: the response is empty")
		}
		return err
	}
	return nil
}

func (w *grpcWeb) stream(ctx context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, method string, _ grpc.Streamer, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return &grpcWebStream{web: w, ctx: ctx, method: method}, nil
}

// post sends one message and returns the stream of response messages.
func (w *grpcWeb) post(ctx context.Context, method string, message []byte) (io.ReadCloser, error) {
	frame := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base+method, bytes.NewReader(frame))
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	headers, err := callMetadata{w.options}.GetRequestMetadata(ctx)
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/grpc-web+proto")
	request.Header.Set("X-Grpc-Web", "1")
	answer, err := w.client.Do(request)
	if err != nil {
		return nil, transportError(ctx, err)
	}
	if err := responseStatus(answer); err != nil {
		return nil, errors.Join(err, answer.Body.Close())
	}
	return answer.Body, nil
}

// transportError converts the error of a request into a gRPC status.
func transportError(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return status.FromContextError(cause).Err()
	}
	return status.Error(codes.Unavailable, err.Error())
}

// responseStatus returns the error in the headers of a response, from Argo CD or a proxy.
func responseStatus(answer *http.Response) error {
	if text := answer.Header.Get("Grpc-Status"); text != "" {
		return statusOf(text, answer.Header.Get("Grpc-Message"))
	}
	switch {
	case answer.StatusCode == http.StatusUnauthorized:
		return status.Error(codes.Unauthenticated, answer.Status)
	case answer.StatusCode == http.StatusForbidden:
		return status.Error(codes.PermissionDenied, answer.Status)
	case answer.StatusCode != http.StatusOK:
		return status.Error(codes.Unavailable, "HTTP status "+answer.Status)
	case !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/grpc"):
		return status.Error(codes.Unavailable, "this is not Argo CD: the response has content type "+answer.Header.Get("Content-Type"))
	}
	return nil
}

func statusOf(code, message string) error {
	n, err := strconv.ParseUint(code, 10, 32)
	if err != nil {
		return status.Error(codes.Unknown, message)
	}
	if text, err := url.PathUnescape(message); err == nil {
		message = text
	}
	return status.Error(codes.Code(n), message) // nil for OK
}

// grpcWebStream implements grpc.ClientStream for one call.
type grpcWebStream struct {
	web    *grpcWeb
	ctx    context.Context //nolint:containedctx // required by grpc.ClientStream
	method string
	sent   []byte

	mu   sync.Mutex
	body io.ReadCloser
}

// SendMsg stores the message; every call to Argo CD sends exactly one.
func (s *grpcWebStream) SendMsg(message any) (err error) {
	m, ok := message.(interface{ Marshal() ([]byte, error) })
	if !ok {
		return status.Errorf(codes.Internal, "gRPC-web: %T cannot be sent", message)
	}
	s.sent, err = m.Marshal()
	return err
}

// RecvMsg sends the request on its first call, so that a watch without events blocks
// here, as callers expect.
func (s *grpcWebStream) RecvMsg(message any) error {
	m, ok := message.(interface{ Unmarshal([]byte) error })
	if !ok {
		return status.Errorf(codes.Internal, "gRPC-web: %T cannot be received", message)
	}
	body, err := s.open()
	if err != nil {
		return err
	}
	flags, data, err := readFrame(body)
	if err != nil {
		return transportError(s.ctx, err)
	}
	if flags&trailerFlag == 0 {
		return m.Unmarshal(data)
	}
	s.close()
	if err := trailerStatus(data); err != nil {
		return err
	}
	return io.EOF
}

func (s *grpcWebStream) open() (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.body == nil {
		body, err := s.web.post(s.ctx, s.method, s.sent)
		if err != nil {
			return nil, err
		}
		s.body = body
	}
	return s.body, nil
}

func (s *grpcWebStream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.body != nil {
		_ = s.body.Close() // read only
	}
}

func readFrame(r io.Reader) (flags byte, data []byte, err error) {
	var head [frameHeaderSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, fmt.Errorf("gRPC-web: the response is incomplete: %w", err)
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length > maxMessage {
		return 0, nil, fmt.Errorf("gRPC-web: a message of %d bytes", length)
	}
	data = make([]byte, length)
	if _, err := io.ReadFull(r, data); err != nil {
		return 0, nil, fmt.Errorf("gRPC-web: the response is incomplete: %w", err)
	}
	return head[0], data, nil
}

// trailerStatus decodes the last frame, which has the format of HTTP headers.
func trailerStatus(data []byte) error {
	trailer := textproto.MIMEHeader{}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			trailer.Set(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return statusOf(trailer.Get("Grpc-Status"), trailer.Get("Grpc-Message"))
}

// Header returns no metadata.
func (s *grpcWebStream) Header() (grpcmetadata.MD, error) { return nil, nil }

// Trailer returns no metadata: RecvMsg returns the status.
func (s *grpcWebStream) Trailer() grpcmetadata.MD { return nil }

// CloseSend does nothing: the request is complete.
func (s *grpcWebStream) CloseSend() error { return nil }

// Context returns the context of the call.
func (s *grpcWebStream) Context() context.Context { return s.ctx }

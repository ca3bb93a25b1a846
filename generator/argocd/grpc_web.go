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

// grpcWeb speaks gRPC-web: gRPC in plain HTTP/1.1 requests, for proxies that do
// not let HTTP/2 through. It sits in the interceptors of a connection that is
// never dialled. Argo CD's own client listens on a socket in a temporary
// folder for this, and ends the process when it cannot.
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

// The parts of a frame's first byte.
const (
	frameHeaderSize = 5 // flags, then the length in four bytes
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
			return status.Error(codes.Internal, "gRPC-web: the answer is empty")
		}
		return err
	}
	return nil
}

func (w *grpcWeb) stream(ctx context.Context, _ *grpc.StreamDesc, _ *grpc.ClientConn, method string, _ grpc.Streamer, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return &grpcWebStream{web: w, ctx: ctx, method: method}, nil
}

// post sends one message. Its answer is the stream of messages.
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

// transportError is a broken request in the words of gRPC.
func transportError(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil {
		return status.FromContextError(cause).Err()
	}
	return status.Error(codes.Unavailable, err.Error())
}

// responseStatus: a fault may come in the headers already, or from the proxy.
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
		return status.Error(codes.Unavailable, "this is no Argo CD: it answers with "+answer.Header.Get("Content-Type"))
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

// grpcWebStream is one call.
type grpcWebStream struct {
	web    *grpcWeb
	ctx    context.Context //nolint:containedctx // grpc.ClientStream asks for it
	method string
	sent   []byte

	mu   sync.Mutex
	body io.ReadCloser
}

// SendMsg keeps the message; the calls of Argo CD send just one.
func (s *grpcWebStream) SendMsg(message any) (err error) {
	m, ok := message.(interface{ Marshal() ([]byte, error) })
	if !ok {
		return status.Errorf(codes.Internal, "gRPC-web: %T cannot be sent", message)
	}
	s.sent, err = m.Marshal()
	return err
}

// RecvMsg sends the request with the first call: only then does a watch that
// has nothing to say yet wait where its caller expects it to.
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
		_ = s.body.Close() // only read from
	}
}

func readFrame(r io.Reader) (flags byte, data []byte, err error) {
	var head [frameHeaderSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, fmt.Errorf("gRPC-web: the answer breaks off: %w", err)
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length > maxMessage {
		return 0, nil, fmt.Errorf("gRPC-web: a message of %d bytes", length)
	}
	data = make([]byte, length)
	if _, err := io.ReadFull(r, data); err != nil {
		return 0, nil, fmt.Errorf("gRPC-web: the answer breaks off: %w", err)
	}
	return head[0], data, nil
}

// trailerStatus reads the last frame, which is written like HTTP headers.
func trailerStatus(data []byte) error {
	trailer := textproto.MIMEHeader{}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			trailer.Set(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return statusOf(trailer.Get("Grpc-Status"), trailer.Get("Grpc-Message"))
}

// Header, Trailer, CloseSend and Context complete grpc.ClientStream.
func (s *grpcWebStream) Header() (grpcmetadata.MD, error) { return nil, nil }

// Trailer is empty: what it says is in the error.
func (s *grpcWebStream) Trailer() grpcmetadata.MD { return nil }

// CloseSend does nothing: a request ends by itself.
func (s *grpcWebStream) CloseSend() error { return nil }

// Context is that of the call.
func (s *grpcWebStream) Context() context.Context { return s.ctx }

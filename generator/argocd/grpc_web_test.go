package argocd_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// bytesCodec passes messages on as they are.
type bytesCodec struct{}

func (bytesCodec) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (bytesCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (bytesCodec) Name() string                       { return "proto" }

// newWebProxy speaks gRPC-web to the client and gRPC to the fake, under the
// path /argo, as an Argo CD behind a reverse proxy does.
func newWebProxy(t *testing.T, f *fakeArgo) *httptest.Server {
	t.Helper()
	conn, err := grpc.NewClient(f.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method, ok := strings.CutPrefix(r.URL.Path, "/argo")
		body, err := io.ReadAll(r.Body)
		if !ok || err != nil || len(body) < 5 || r.Header.Get("Content-Type") != "application/grpc-web+proto" {
			http.Error(w, "no gRPC-web", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/grpc-web+proto")
		st := status.Convert(proxied(r, w, conn, method, body[5:]))
		frame(w, 0x80, fmt.Appendf(nil, "grpc-status: %d\r\ngrpc-message: %s\r\n", st.Code(), st.Message()))
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close(); _ = conn.Close() })
	return server
}

func proxied(r *http.Request, w http.ResponseWriter, conn *grpc.ClientConn, method string, message []byte) error {
	ctx := metadata.AppendToOutgoingContext(r.Context(), "token", r.Header.Get("token"))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method, grpc.ForceCodec(bytesCodec{}))
	if err != nil {
		return err
	}
	if err := stream.SendMsg(&message); err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for {
		var answer []byte
		if err := stream.RecvMsg(&answer); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		frame(w, 0, answer)
	}
}

func frame(w http.ResponseWriter, flags byte, data []byte) {
	_, _ = w.Write(append(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(data))), data...))
	_ = http.NewResponseController(w).Flush()
}

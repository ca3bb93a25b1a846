package render

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"octopod/generator/staging"
)

// The Renderer and a worker exchange messages over the worker's stdin and stdout. A
// message is a JSON header and a raw payload, each after its length:
//
//	Renderer → worker   limits, once; then evaluation + text of the file
//	worker → Renderer   fileRequest, any number; the reply is fileResponse + content
//	worker → Renderer   done + JSON; then the worker is idle

type message struct {
	Limits   *limits       `json:",omitempty"`
	Evaluate *evaluation   `json:",omitempty"`
	Ask      *fileRequest  `json:",omitempty"`
	Found    *fileResponse `json:",omitempty"`
	Done     *done         `json:",omitempty"`

	payload []byte
}

type limits struct{ MaxMemory int64 }

type done struct {
	Error    string         `json:",omitempty"`
	TooLarge bool           `json:",omitempty"` // the worker reached the memory limit and exits
	Objects  []objectHeader `json:",omitempty"`
	Looked   []string       `json:",omitempty"`
	Notes    []string       `json:",omitempty"`
	Fault    *fault         `json:",omitempty"` // of a chart
}

// fault is a staging.Error of a template.
type fault struct {
	Message, Hint string
	Problems      []staging.Problem
}

func newFault(err error) *fault {
	var e *staging.Error
	if !errors.As(err, &e) {
		return nil
	}
	return &fault{Message: e.Message, Hint: e.Hint, Problems: e.Problems}
}

func (f fault) error() error {
	return &staging.Error{Code: staging.CodeInvalid, Message: f.Message, Hint: f.Hint, Technical: true, Problems: f.Problems}
}

// maxPayload is larger than any valid message.
const maxPayload = 2 * maxOutput

// pipe receives and sends messages. send is safe for concurrent use.
type pipe struct {
	in  *bufio.Reader
	mu  sync.Mutex
	out io.Writer
}

func newPipe(in io.Reader, out io.Writer) *pipe {
	return &pipe{in: bufio.NewReader(in), out: out}
}

func (p *pipe) send(m message) error {
	header, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b := make([]byte, 0, 8+len(header)+len(m.payload))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(header)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.payload)))
	b = append(append(b, header...), m.payload...)
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err = p.out.Write(b)
	return err
}

func (p *pipe) receive() (message, error) {
	var m message
	var sizes [8]byte
	if _, err := io.ReadFull(p.in, sizes[:]); err != nil {
		return m, err
	}
	header, payload := binary.LittleEndian.Uint32(sizes[:4]), binary.LittleEndian.Uint32(sizes[4:])
	if header > maxPayload || payload > maxPayload {
		return m, fmt.Errorf("a message of %d bytes is too long", max(header, payload))
	}
	text := make([]byte, header)
	if _, err := io.ReadFull(p.in, text); err != nil {
		return m, err
	}
	m.payload = make([]byte, payload)
	if _, err := io.ReadFull(p.in, m.payload); err != nil {
		return m, err
	}
	return m, json.Unmarshal(text, &m)
}

package render

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// The Renderer and a worker talk over the worker's stdin and stdout. A message
// is a header in JSON and a payload as it is, each after its length:
//
//	Renderer → worker   limits, once; then evaluation + text of the file
//	worker → Renderer   question, any number of times; each answered by found + content
//	worker → Renderer   done + JSON, which makes the worker idle again

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
	TooLarge bool           `json:",omitempty"` // the memory limit was reached; the worker ends
	Objects  []objectHeader `json:",omitempty"`
	Looked   []string       `json:",omitempty"`
}

// maxPayload is above everything that either side has reason to send.
const maxPayload = 2 * maxOutput

// pipe reads and writes messages. Writing is safe from several goroutines.
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

package render

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// workerPool evaluates in sandbox processes. It starts them on demand and keeps them for
// later evaluations. The Renderer limits the concurrent evaluations to Workers.
type workerPool struct {
	options Options
	ctx     context.Context // ends with the pool
	end     context.CancelFunc

	mu   sync.Mutex
	idle []*process
}

func newWorkerPool(o Options) *workerPool {
	p := &workerPool{options: o}
	p.ctx, p.end = context.WithCancel(context.Background())
	return p
}

// evaluate returns its process to the pool after a result or an error of the template,
// and ends it after any other error.
func (p *workerPool) evaluate(ctx context.Context, e evaluation, answer fileHandler) (evaluationResult, error) {
	one, err := p.acquire()
	if err != nil {
		return evaluationResult{}, err
	}
	stop := context.AfterFunc(ctx, one.kill)
	reply, err := one.evaluate(e, answer)
	if !stop() || err != nil || reply.Done.TooLarge {
		return evaluationResult{}, p.stopFailed(ctx, e, one, reply, err)
	}
	p.release(one)
	if reply.Done.Fault != nil {
		return evaluationResult{}, reply.Done.Fault.error()
	}
	if reply.Done.Error != "" {
		return evaluationResult{}, templateError(reply.Done.Error)
	}
	return evaluationResult{json: reply.payload, objects: reply.Done.Objects, inputs: reply.Done.Looked, notes: reply.Done.Notes}, nil
}

// stopFailed ends a process that did not complete its evaluation, and returns the reason.
func (p *workerPool) stopFailed(ctx context.Context, e evaluation, one *process, reply message, err error) error {
	if ctx.Err() != nil || reply.Done != nil {
		one.kill()
	}
	waitErr, killed := one.end()
	switch {
	case p.ctx.Err() != nil:
		return errClosed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case reply.Done != nil && reply.Done.TooLarge, !killed && one.ranOutOfMemory():
		return memoryError(e.Main, p.options.MaxMemory)
	}
	return fmt.Errorf("the render worker ended: %w: %s", cmp.Or(waitErr, err), one.stderr.String())
}

func (p *workerPool) acquire() (*process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return nil, errClosed
	}
	if last := len(p.idle) - 1; last >= 0 {
		one := p.idle[last]
		p.idle = p.idle[:last]
		return one, nil
	}
	return startProcess(p.options.Sandbox(p.ctx), p.options.MaxMemory)
}

func (p *workerPool) release(one *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		one.kill()
		_ = one.wait() // it was killed
		return
	}
	p.idle = append(p.idle, one)
}

func (p *workerPool) close() error {
	p.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.idle {
		one.kill()
		_ = one.wait() // it was killed
	}
	p.idle = nil
	return nil
}

// process is a running sandbox.
type process struct {
	*pipe
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr *stderrHead
	wait   func() error
}

func startProcess(cmd *exec.Cmd, maxMemory int64) (*process, error) {
	if cmd.Env == nil {
		cmd.Env = []string{} // a template must not read the environment
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the render worker: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the render worker: %w", err)
	}
	one := &process{pipe: newPipe(stdout, stdin), cmd: cmd, stdin: stdin, stderr: &stderrHead{}}
	cmd.Stderr = one.stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the render worker: %w", err)
	}
	one.wait = sync.OnceValue(cmd.Wait)
	if err := one.send(message{Limits: &limits{maxMemory}}); err != nil {
		one.kill()
		return nil, fmt.Errorf("start the render worker: %w: %s", cmp.Or(one.wait(), err), one.stderr)
	}
	return one, nil
}

func (o *process) kill() {
	_ = o.cmd.Process.Kill() // it may have exited already
}

func (o *process) evaluate(e evaluation, answer fileHandler) (message, error) {
	o.stderr.reset()
	if err := o.send(message{Evaluate: &e, payload: e.text}); err != nil {
		return message{}, err
	}
	for {
		m, err := o.receive()
		if err != nil || m.Done != nil {
			return m, err
		}
		if m.Ask == nil {
			return message{}, errors.New("the worker sent neither a request nor a result")
		}
		f := answer(*m.Ask)
		if err := o.send(message{Found: &f, payload: f.data}); err != nil {
			return message{}, err
		}
	}
}

// end waits for a process to exit, and kills it after a second.
func (o *process) end() (err error, killed bool) {
	timer := time.AfterFunc(time.Second, o.kill)
	err = o.wait()
	return err, !timer.Stop()
}

// ranOutOfMemory reports whether a process that was not killed reached its memory limit.
// The Go runtime has several messages for a failed allocation, but always prints a
// trace; the kernel kills with a signal.
func (o *process) ranOutOfMemory() bool {
	words := o.stderr.String()
	for _, sign := range []string{"out of memory", "pthread_create failed", "fatal error: ", "\ngoroutine "} {
		if strings.Contains(words, sign) {
			return true
		}
	}
	return !o.cmd.ProcessState.Exited()
}

// stderrHead keeps the start of a process's stderr: the Go runtime prints the reason of a
// crash first.
type stderrHead struct {
	mu   sync.Mutex
	text []byte
}

func (t *stderrHead) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := 4096 - len(t.text); room > 0 {
		t.text = append(t.text, b[:min(room, len(b))]...)
	}
	return len(b), nil
}

// reset discards the warnings of earlier evaluations.
func (t *stderrHead) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = t.text[:0]
}

func (t *stderrHead) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}

package render

import (
	"errors"
	"io"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"octopod/generator/project"
)

// ServeWorker evaluates the templates that a Renderer sends on stdin and writes the
// results to stdout. It is the main function of a sandbox process: it limits the memory
// of the process, and returns when stdin ends, even during an evaluation, or when a
// template reaches the limit. The process should then exit.
func ServeWorker(stdin io.Reader, stdout io.Writer) error {
	p := newPipe(stdin, stdout)
	first, err := p.receive()
	if err != nil || first.Limits == nil {
		return errors.Join(errors.New("render: stdin does not come from a Renderer"), err)
	}
	w := &worker{pipe: p, answers: make(chan message), finished: make(chan error)}
	w.limit(first.Limits.MaxMemory)
	return w.serve()
}

type worker struct {
	pipe      *pipe
	maxMemory uint64 // of the heap
	answers   chan message
	finished  chan error
	engines   engines
}

// engines evaluates one template at a time.
type engines struct {
	jsonnet evaluator
	builder builder // for kustomize and charts
}

func (e *engines) evaluate(job evaluation, answer fileHandler) (evaluationResult, error) {
	switch job.Engine {
	case project.EngineKustomize:
		return e.builder.evaluate(job, answer)
	case engineHelm:
		return e.builder.evaluateChart(job, answer)
	}
	return e.jsonnet.evaluate(job, answer)
}

// memoryCheckInterval is the time between two checks of the heap. In between, only the
// operating system limits a template: see limitData.
const memoryCheckInterval = 5 * time.Millisecond

func (w *worker) serve() error {
	jobs, ended := make(chan message), make(chan error, 1)
	go func() { ended <- w.read(jobs) }()
	watch := time.NewTicker(memoryCheckInterval)
	defer watch.Stop()
	watch.Stop() // until the first evaluation
	for {
		select {
		case job := <-jobs:
			watch.Reset(memoryCheckInterval)
			go func() { w.finished <- w.evaluate(job) }()
		case err := <-w.finished:
			watch.Stop()
			if err != nil {
				return err
			}
		case <-watch.C:
			if heapSize() > w.maxMemory {
				return w.pipe.send(message{Done: &done{TooLarge: true}})
			}
		case err := <-ended:
			return err
		}
	}
}

// read dispatches the messages of the Renderer until stdin ends.
func (w *worker) read(jobs chan<- message) error {
	for {
		m, err := w.pipe.receive()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case m.Evaluate != nil:
			jobs <- m
		case m.Found != nil:
			w.answers <- m
		}
	}
}

func (w *worker) evaluate(m message) error {
	job := *m.Evaluate
	job.text = m.payload
	out, err := w.engines.evaluate(job, w.request)
	reply := message{Done: &done{Objects: out.objects, Looked: out.inputs, Notes: out.notes}, payload: out.json}
	if err != nil {
		reply.Done.Error, reply.Done.Fault = err.Error(), newFault(err)
	}
	return w.pipe.send(reply)
}

func (w *worker) request(q fileRequest) fileResponse {
	if err := w.pipe.send(message{Ask: &q}); err != nil {
		return fileResponse{Error: err.Error()}
	}
	m := <-w.answers
	m.Found.data = m.payload
	return *m.Found
}

// limit configures the garbage collector for throughput far below the limit and for space
// near it, and makes the operating system reject allocations far above it.
func (w *worker) limit(maxMemory int64) {
	w.maxMemory = uint64(maxMemory)
	debug.SetGCPercent(800)
	debug.SetMemoryLimit(maxMemory * 3 / 4)
	limitData(maxMemory)
}

func heapSize() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

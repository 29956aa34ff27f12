package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress is one line on a terminal that says what is being read. On anything else it is silent.
type progress struct {
	mu    sync.Mutex
	out   io.Writer // nil = silent
	calls int
	last  time.Time
}

// repaint keeps the line readable and cheap.
const repaint = 50 * time.Millisecond

func (a *app) progress() *progress {
	if !isTerminal(a.stderr) || a.getenv("TERM") == "dumb" || a.verbosity > 0 {
		return &progress{}
	}
	return &progress{out: a.stderr}
}

func (p *progress) call(action string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.out == nil || time.Since(p.last) < repaint {
		return
	}
	p.last = time.Now()
	fmt.Fprintf(p.out, "\r\x1b[K%d calls, now %s", p.calls, action)
}

// done takes the line away.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out != nil && p.calls > 0 {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

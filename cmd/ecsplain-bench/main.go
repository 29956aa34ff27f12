// Command ecsplain-bench measures a diagnosis against its lower bounds, in the lab: API calls beside the least that
// could answer the same questions, and waiting time beside the longest chain of calls that depend on each other.
// It exits with 1 where an aim is missed.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/ecsplain/ecsplain/collectors"
	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/evidence"
	"github.com/ecsplain/ecsplain/lab"
	"github.com/ecsplain/ecsplain/playbooks"
)

// scenarios measured: a network cause, an image, a permission and a crash.
var scenarios = []string{"no-way-out", "tag-you-are-not-it", "wrong-hat", "crash-on-arrival"}

const (
	latency  = 50 * time.Millisecond // added to every answer
	callsAim = 1.5
	wallAim  = 1.5
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ecsplain-bench:", err)
		os.Exit(1)
	}
}

func run() error {
	pbs, err := diagnose.Load(playbooks.FS)
	if err != nil {
		return err
	}
	fmt.Printf("%-20s %6s %6s %6s   %8s %12s %6s\n", "scenario", "calls", "bound", "ratio", "wall", "chain x 50ms", "ratio")
	missed := false
	for _, name := range scenarios {
		calls, least, _, _, err := measure(pbs, name, 0)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		_, _, chain, wall, err := measure(pbs, name, latency)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		floor := time.Duration(chain) * latency
		cr, wr := float64(calls)/float64(least), float64(wall)/float64(floor)
		verdict := "PASS"
		if cr > callsAim || wr > wallAim {
			verdict, missed = "FAIL", true
		}
		fmt.Printf("%-20s %6d %6d %6.2f   %8s %12s %6.2f  %s\n", name, calls, least, cr, wall.Round(time.Millisecond), floor, wr, verdict)
	}
	fmt.Printf("aims: calls at most %.1f x the bound, wall at most %.1f x the chain\n", callsAim, wallAim)
	if missed {
		return fmt.Errorf("an aim was missed")
	}
	return nil
}

// measure diagnoses one scenario over HTTP with the given latency on every call.
func measure(pbs []*diagnose.Playbook, name string, slow time.Duration) (calls, least, chain int, wall time.Duration, err error) {
	w, s, err := lab.Start(name, lab.Options{Seed: 1})
	if err != nil {
		return 0, 0, 0, 0, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, 0, 0, err
	}
	srv := &http.Server{Handler: w.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = srv.Serve(l) }() // ends with Close
	defer srv.Close()
	if slow > 0 {
		w.Slow(slow)
	}
	ctx := context.Background()
	account, err := collectors.Open(ctx, collectors.Options{Region: w.Region, EndpointURL: "http://" + l.Addr().String()})
	if err != nil {
		return 0, 0, 0, 0, err
	}
	target, _, err := diagnose.Resolve(ctx, s.Target, evidence.NewStore(), account.Fetch)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	before := account.Stats().Total
	store := evidence.NewStore()
	e := &diagnose.Engine{Playbooks: pbs, Fetch: account.Fetch}
	start := time.Now()
	r, err := e.Run(ctx, store, target)
	wall = time.Since(start)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	if len(r.Targets) == 0 || len(r.Targets[0].Findings) == 0 || r.Targets[0].Findings[0].ID != s.Answer.ID {
		return 0, 0, 0, 0, fmt.Errorf("the first finding is not %s", s.Answer.ID)
	}
	least, chain = bound(store)
	return account.Stats().Total - before, least, chain, wall, nil
}

// Command ecsplain-accuracy measures diagnoses of random worlds of the lab against what was done to them: right first answers, right among
// the first three, undecided, confirmed and wrong, false alarms, calls. Every world is one seed, and the same seed is the same world. It exits
// with 1 where an aim is missed.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/lab/worlds"
	"github.com/ecsplain/ecsplain/playbooks"
)

// The aims. wrongAim holds for every caller and state of the world, top1Aim for one who may read everything.
const (
	top1Aim  = 0.97
	wrongAim = 0.005
)

type settings struct {
	n, jobs, services int
	seed              uint64
	family            string
	networks          string // "" = own
	caller            caller
	expired, fixed    bool
	oddDenials        bool
	playbooks         []*diagnose.Playbook
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ecsplain-accuracy:", err)
		os.Exit(1)
	}
}

func run() error {
	var o settings
	var who string
	one := flag.Int64("one", -1, "diagnose the world of this seed and print what happened")
	flag.IntVar(&o.n, "n", 1000, "how many worlds")
	flag.Uint64Var(&o.seed, "seed", 1, "the first world's seed; the others follow")
	flag.StringVar(&o.family, "family", "", "faults of one family only: net, dns, iam, secret, log, image, app, task, lb, svc, cap, field, hub, none")
	flag.StringVar(&o.networks, "networks", "own", "the worlds' networks: "+strings.Join(worlds.Networks, ", ")+" (shared by another account by RAM; spokes of a transit gateway whose hub another account has)")
	flag.StringVar(&who, "caller", "full", "who asks: full, ReadOnlyAccess, ViewOnlyAccess, PowerUserAccess, ecs+logs")
	flag.BoolVar(&o.expired, "expired", false, "after all stopped tasks of the service are gone")
	flag.BoolVar(&o.fixed, "fixed", false, "apply the report's own fix and look again: it must heal, and nothing may be confirmed after")
	flag.BoolVar(&o.oddDenials, "denials", true, "refuse a few reads in every eighth world of the full caller")
	flag.IntVar(&o.services, "services", 12, "the most services of a world")
	flag.IntVar(&o.jobs, "jobs", runtime.GOMAXPROCS(0), "worlds at the same time")
	flag.Parse()
	var err error
	if o.caller, err = findCaller(who); err != nil {
		return err
	}
	if !slices.Contains(worlds.Networks, o.networks) {
		return fmt.Errorf("-networks is %q; it can be %s", o.networks, strings.Join(worlds.Networks, ", "))
	}
	if o.playbooks, err = diagnose.Load(playbooks.FS); err != nil {
		return err
	}
	if *one >= 0 {
		printOne(os.Stdout, check(o, uint64(*one)), o)
		return nil
	}
	began := time.Now()
	all := measure(o)
	t := tabulate(all)
	t.print(os.Stdout, o)
	printFailures(os.Stdout, all, o)
	fmt.Printf("%d worlds in %s\n", len(all), time.Since(began).Round(100*time.Millisecond))
	return t.missed(o)
}

// measure checks the worlds, several at a time, and gives their outcomes in the order of the seeds.
func measure(o settings) []outcome {
	all := make([]outcome, o.n)
	next := make(chan int)
	var wg sync.WaitGroup
	for range max(1, o.jobs) {
		wg.Go(func() {
			for i := range next {
				all[i] = check(o, o.seed+uint64(i))
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
	return all
}

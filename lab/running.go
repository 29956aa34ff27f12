package lab

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Running is an account that people work in: it can be put back to its start, its clock follows the wall clock, and besides AWS's calls it
// answers a few of its own, see control. It is safe for concurrent use.
type Running struct {
	o         Options
	scenario  Scenario // Name "" = none, the account is healthy
	injection Injection
	speed     float64

	mu     sync.Mutex
	world  *World
	resets int
	reset  chan struct{} // closed when world is replaced
}

// StartRunning makes the account of a scenario, or the healthy one for the zero Scenario. speed is how many times faster than the wall clock
// its clock runs; 0 = it stands still but for time that is let pass on request.
func StartRunning(s Scenario, o Options, in Injection, speed float64) (*Running, error) {
	r := &Running{o: o, scenario: s, injection: in, speed: speed, reset: make(chan struct{})}
	w, err := r.start()
	r.world = w
	return r, err
}

// start makes the account as it is in the beginning.
func (r *Running) start() (*World, error) {
	w, err := New(r.o), error(nil)
	if r.scenario.Name != "" {
		if w, err = r.scenario.Start(r.o); err != nil {
			return nil, err
		}
	}
	return w, w.Inject(r.injection)
}

// World is the account as it is now. Reset replaces it.
func (r *Running) World() *World {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.world
}

// Reset puts the account back to its start: same ids, same time, same fault. Calls that are under way end in the old one.
func (r *Running) Reset() error {
	w, err := r.start()
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.reset)
	r.world, r.reset = w, make(chan struct{})
	r.resets++
	return nil
}

// Run lets the clock follow the wall clock until ctx ends.
func (r *Running) Run(ctx context.Context) {
	for ctx.Err() == nil {
		r.mu.Lock()
		w, replaced := r.world, r.reset
		r.mu.Unlock()
		now, stop := context.WithCancel(ctx)
		go func() {
			select {
			case <-replaced:
				stop()
			case <-now.Done():
			}
		}()
		if r.speed > 0 {
			w.Run(now, r.speed)
		}
		<-now.Done()
		stop()
	}
}

// Handler answers AWS's calls, the lab's own under ControlPath, and visitors who ask for a load balancer's DNS name.
func (r *Running) Handler() http.Handler {
	return http.HandlerFunc(func(hw http.ResponseWriter, hr *http.Request) {
		if strings.HasPrefix(hr.URL.Path, ControlPath) {
			r.control(hw, hr)
			return
		}
		if w := r.World(); !w.serveVisit(hw, hr) {
			w.Handler().ServeHTTP(hw, hr)
		}
	})
}

// Status is what the lab says of itself.
type Status struct {
	Account   string    `json:"account"`
	Region    string    `json:"region"`
	Scenario  string    `json:"scenario"` // "" = none
	Ticket    string    `json:"ticket"`
	Target    string    `json:"target"` // CLUSTER/SERVICE
	Seed      uint64    `json:"seed"`
	Speed     float64   `json:"speed"`
	Now       time.Time `json:"now"`
	Began     time.Time `json:"began"` // the lab's time at the start
	Calls     int       `json:"calls"` // that are on record
	Resets    int       `json:"resets"`
	Injection bool      `json:"injection"` // something is made wrong with the endpoint
}

// Status is the state of now.
func (r *Running) Status() Status {
	r.mu.Lock()
	w, resets := r.world, r.resets
	r.mu.Unlock()
	s := Status{
		Account: w.Account, Region: w.Region, Scenario: r.scenario.Name, Ticket: strings.Join(strings.Fields(r.scenario.Brief), " "), Target: r.scenario.Target, Seed: r.o.Seed,
		Speed: r.speed, Now: w.Now(), Began: w.began, Calls: len(w.Calls()), Resets: resets, Injection: !r.injection.empty(),
	}
	if s.Target == "" {
		s.Target = "shop/orders"
	}
	return s
}

package collectors

import (
	"context"
	"errors"
	"maps"
	"net"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/rs/zerolog"

	"github.com/ecsplain/ecsplain/evidence"
)

// Options for Open and New. The zero value works wherever the environment names a region and credentials.
type Options struct {
	Profile     string                 // of the shared configuration; "" = AWS_PROFILE or default
	Region      string                 // "" = as the profile or the environment says
	EndpointURL string                 // one endpoint for all services, such as the lab's; "" = AWS
	MaxAttempts int                    // of one call, the first one included; 0 = 4
	Version     string                 // of ecsplain, for the user agent; "" = dev
	Log         zerolog.Logger         // every call at debug level; the zero Logger writes nothing
	Progress    func(string)           // told the action of each call as it starts; never called concurrently; nil = nobody looks
	MFA         func() (string, error) // asks for the code of an MFA device; nil = ask on stderr, read stdin
}

const (
	defaultAttempts = 4
	maxInFlight     = 16 // calls at the same time
)

// Account reads one AWS account in one region. It is safe for concurrent use.
type Account struct {
	region  string
	profile string
	sso     bool // the profile logs in through IAM Identity Center
	cfg     aws.Config
	log     zerolog.Logger
	ports   ports
	limits  *limits
	slots   chan struct{} // one for each call in flight

	progressMu sync.Mutex
	progress   func(string)

	mu    sync.Mutex
	stats Stats
	ecrs  map[string]*ecrPort // by region: images may live in another one
}

// Stats counts what an Account did.
type Stats struct {
	Total     int            `json:"total"`     // calls, however often each was tried
	ByAction  map[string]int `json:"by_action"` // calls by IAM action
	Retries   int            `json:"retries"`   // attempts beyond the first of each call
	Throttled int            `json:"throttled"` // attempts that AWS refused because of its rate limits
	Waves     int            `json:"waves"`     // calls of Fetch that had something to ask
	Chain     int            `json:"chain"`     // the longest chain of calls that had to wait for each other, over all waves
}

// New returns an Account over a ready configuration. Of o it reads Profile (for advice in gaps), MaxAttempts, Version,
// Log and Progress. A Retryer or RetryMaxAttempts that cfg brings stays.
func New(cfg aws.Config, o Options) *Account {
	cfg = cfg.Copy()
	if cfg.AppID == "" {
		cfg.AppID = "ecsplain" // so that an account's CloudTrail tells whose reads they are
	}
	a := &Account{
		region:   cfg.Region,
		profile:  o.Profile,
		log:      o.Log,
		limits:   newLimits(),
		slots:    make(chan struct{}, maxInFlight),
		progress: o.Progress,
		stats:    Stats{ByAction: map[string]int{}},
		ecrs:     map[string]*ecrPort{},
	}
	attempts := o.MaxAttempts
	if attempts <= 0 {
		attempts = defaultAttempts
	}
	if cfg.Retryer == nil {
		cfg.Retryer = func() aws.Retryer {
			return retry.NewStandard(func(so *retry.StandardOptions) {
				so.MaxAttempts = attempts
				so.Retryables = append(so.Retryables, retry.IsErrorRetryableFunc(answerCutOff))
			})
		}
	}
	cfg.Logger = sdkLog{o.Log}
	cfg.APIOptions = append(cfg.APIOptions[:len(cfg.APIOptions):len(cfg.APIOptions)], a.middleware(o.Version)...)
	a.cfg = cfg
	a.ports = newPorts(cfg)
	return a
}

// answerCutOff retries an answer that our own side stopped reading: net/http closes a connection when the server answers
// before the last look at the request's body, which the SDK may have closed by then. It happens with servers that are
// very near. Every call is a read, so asking again is safe.
func answerCutOff(err error) aws.Ternary {
	if errors.Is(err, net.ErrClosed) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// Region is the region this account is read in.
func (a *Account) Region() string { return a.region }

// Stats returns what was counted up to now.
func (a *Account) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stats
	s.ByAction = maps.Clone(s.ByAction)
	return s
}

// Fetch answers every key with an item or a gap in the store: one wave. Kinds are read concurrently, keys of a kind in
// batches. Keys that the store already answers cost nothing; gapped keys are asked again. Fetch returns when all is
// answered; where ctx ends first, what is left becomes gaps with reason Deadline.
func (a *Account) Fetch(ctx context.Context, store *evidence.Store, keys []evidence.Key) {
	byKind := map[evidence.Kind][]evidence.Key{}
	for _, k := range evidence.SortKeys(append([]evidence.Key(nil), keys...)) {
		if _, state := store.Lookup(k); state == evidence.Unread || state == evidence.Gapped {
			byKind[k.Kind] = append(byKind[k.Kind], k)
		}
	}
	if len(byKind) == 0 {
		return
	}
	w := &Wave{Account: a, store: store, answered: map[evidence.Key]bool{}, done: map[evidence.Kind]chan struct{}{}}
	for kind := range byKind {
		w.done[kind] = make(chan struct{})
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		chain int
	)
	for kind, keys := range byKind {
		wg.Go(func() {
			defer close(w.done[kind])
			n := w.collect(ctx, kind, keys)
			mu.Lock()
			chain = max(chain, n)
			mu.Unlock()
		})
	}
	wg.Wait()
	a.mu.Lock()
	a.stats.Waves++
	a.stats.Chain += chain
	a.mu.Unlock()
}

func (a *Account) say(action string) {
	if a.progress == nil {
		return
	}
	a.progressMu.Lock()
	defer a.progressMu.Unlock()
	a.progress(action)
}

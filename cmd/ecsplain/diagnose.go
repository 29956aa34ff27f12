package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ecsplain/ecsplain/collectors"
	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/report"
	"github.com/ecsplain/ecsplain/evidence"
	content "github.com/ecsplain/ecsplain/playbooks"
)

// diagnosis is what the flags of diagnose say.
type diagnosis struct {
	profile, region, endpoint string
	playbooks                 string
	format                    string
	deadline                  time.Duration
	all                       bool
	rule, schedule            string
	exec                      bool
	maxAttempts               int
	verbose, calls            bool
}

func (a *app) diagnoseCommand() *cobra.Command {
	var d diagnosis
	cmd := &cobra.Command{
		Use:   "diagnose TARGET...",
		Short: "Say why a service or task does not run, with proof and the fix",
		Long: `Say why a service or task does not run, with proof and the fix. It only reads.

A TARGET is CLUSTER/SERVICE, CLUSTER, CLUSTER/TASK-ID, the ARN of a service, task, cluster or target group, a bare
service name or task id, the address of a page of the ECS console, or a load balancer's DNS name. A scheduled task
is CLUSTER --rule NAME (EventBridge rule) or CLUSTER --schedule NAME (EventBridge Scheduler).

With --exec it says as well why sessions ("aws ecs execute-command") do not open in the running tasks of a service.`,
		Example: `  ecsplain diagnose shop/orders
  ecsplain diagnose shop --profile prod --region eu-west-1
  ecsplain diagnose shop --rule nightly-report
  ecsplain diagnose shop/orders --exec
  ecsplain diagnose --all --format json`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.diagnose(cmd, d, args) },
	}
	f := cmd.Flags()
	d.readFlags(f)
	f.BoolVar(&d.all, "all", false, "every service of every cluster of the region")
	f.StringVar(&d.rule, "rule", "", "an EventBridge rule that should start tasks, NAME or BUS/NAME")
	f.StringVar(&d.schedule, "schedule", "", "a schedule of EventBridge Scheduler that should start tasks, NAME or GROUP/NAME")
	f.BoolVar(&d.exec, "exec", false, "also why sessions (ECS Exec) do not open in the running tasks of a service")
	f.BoolVar(&d.verbose, "verbose", false, "the whole report: every fact with its time, example tasks, all calls")
	f.BoolVar(&d.calls, "calls", false, "list the calls made, by action")
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	return cmd
}

// readFlags are the flags of every command that reads an account.
func (d *diagnosis) readFlags(f *pflag.FlagSet) {
	f.StringVar(&d.profile, "profile", "", "profile of the AWS configuration")
	f.StringVar(&d.region, "region", "", "AWS region")
	f.StringVar(&d.endpoint, "endpoint-url", "", "endpoint for all services, such as the lab's")
	f.StringVar(&d.playbooks, "playbooks", "", "folder of playbooks of your own, besides those built in")
	f.StringVar(&d.format, "format", "text", "text or json")
	f.DurationVar(&d.deadline, "deadline", time.Minute, "end of the run; what was not read by then is named as such")
	f.IntVar(&d.maxAttempts, "max-attempts", 0, "tries for one call that AWS throttles or fails (0 = 4)")
}

// check refuses values that no run can use.
func (d *diagnosis) check(cmd *cobra.Command) error {
	switch {
	case d.deadline <= 0:
		return usagef(cmd.CommandPath()+" --help", "--deadline %s: want a time such as 60s or 3m", d.deadline)
	case d.maxAttempts < 0:
		return usagef(cmd.CommandPath()+" --help", "--max-attempts %d: want a number of tries, or 0 for 4", d.maxAttempts)
	}
	if u, err := url.Parse(d.endpoint); d.endpoint != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return usagef(cmd.CommandPath()+" my-cluster/my-service --endpoint-url http://127.0.0.1:4566", "--endpoint-url %q: want a URL such as http://127.0.0.1:4566", d.endpoint)
	}
	if d.region != "" && !regionForm.MatchString(d.region) {
		return usagef(cmd.CommandPath()+" my-cluster/my-service --region eu-west-1", "--region %q is no region of AWS; want a name such as eu-west-1", d.region)
	}
	return oneOf(cmd, "format", d.format, "text", "json")
}

// regionForm is what the names of AWS's regions look like, in all partitions.
var regionForm = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)

func (a *app) diagnose(cmd *cobra.Command, d diagnosis, targets []string) error {
	if d.all {
		if len(targets) > 0 {
			return usagef(cmd.CommandPath()+" --help", "--all takes every service; leave %q out", targets[0])
		}
		targets = []string{diagnose.All}
	}
	if d.rule != "" || d.schedule != "" {
		var err error
		if targets, err = d.scheduledTarget(cmd, targets); err != nil {
			return err
		}
	}
	if len(targets) == 0 {
		return usagef(cmd.CommandPath()+" my-cluster/my-service", "diagnose needs a target: CLUSTER/SERVICE, CLUSTER, an ARN, a task id, or --all")
	}
	if err := d.check(cmd); err != nil {
		return err
	}
	if d.exec {
		if d.rule != "" || d.schedule != "" {
			return usagef(cmd.CommandPath()+" my-cluster/my-service --exec", "--exec looks at the running tasks of a service; leave --rule and --schedule out")
		}
		targets = slices.Clone(targets)
		for i := range targets {
			targets[i] = diagnose.ExecText(targets[i])
		}
	}
	r, err := a.examine(cmd.Context(), d, targets, collectors.Open)
	if err != nil {
		return err
	}
	a.code = r.ExitCode()
	if d.format == "json" {
		return report.JSON(a.stdout, r)
	}
	o := a.textOptions(d.verbose)
	o.Calls = d.calls
	return report.Text(a.stdout, r, o)
}

// scheduledTarget is the target that --rule or --schedule names, in the one cluster that may be given with it.
func (d *diagnosis) scheduledTarget(cmd *cobra.Command, targets []string) ([]string, error) {
	flag, name, text := "rule", d.rule, diagnose.RuleText
	if d.schedule != "" {
		flag, name, text = "schedule", d.schedule, diagnose.ScheduleText
	}
	cluster := ""
	switch {
	case d.rule != "" && d.schedule != "":
		return nil, usagef(cmd.CommandPath()+" --help", "--rule and --schedule are two targets; give one of them")
	case d.all || len(targets) > 1:
		return nil, usagef(cmd.CommandPath()+" my-cluster --"+flag+" "+name, "--%s is a target of its own: with it goes one cluster at most", flag)
	case strings.ContainsAny(name, " \t\n"):
		return nil, usagef(cmd.CommandPath()+" --help", "--%s %q: a name holds no space", flag, name)
	case len(targets) == 1:
		cluster = targets[0]
	}
	if strings.ContainsAny(cluster, "/: ") {
		return nil, usagef(cmd.CommandPath()+" my-cluster --"+flag+" "+name, "%q: with --%s goes the name of a cluster", cluster, flag)
	}
	return []string{text(cluster, name)}, nil
}

// opener opens an account: collectors.Open, or the demo's.
type opener func(context.Context, collectors.Options) (*collectors.Account, error)

// examine resolves the targets, reads what is needed and judges it.
func (a *app) examine(ctx context.Context, d diagnosis, targets []string, open opener) (r diagnose.Report, err error) {
	err = a.read(ctx, d, targets, open, func(ctx context.Context, s session) error {
		r, err = s.engine.Run(ctx, s.store, s.targets)
		r.Calls, r.Note = s.calls(), append(r.Note, s.notes...)
		return err
	})
	return r, err
}

// session is one run against an account: what was asked for and what reads and judges it.
type session struct {
	engine  *diagnose.Engine
	store   *evidence.Store
	account *collectors.Account
	targets []evidence.Target
	notes   []string
}

func (s session) calls() diagnose.Calls {
	c := s.account.Stats()
	return diagnose.Calls{Total: c.Total, ByAction: c.ByAction, Retries: c.Retries, Throttled: c.Throttled, Waves: c.Waves}
}

// read opens the account, resolves the targets and lets do work with them until the deadline.
func (a *app) read(ctx context.Context, d diagnosis, targets []string, open opener, do func(context.Context, session) error) error {
	playbooks, err := loadPlaybooks(d.playbooks)
	if err != nil {
		return err
	}
	progress := a.progress()
	defer progress.done()
	endpoint := d.endpoint
	if endpoint == "" {
		endpoint = a.environmentEndpoint()
	}
	log := a.log()
	ctx, cancel := context.WithTimeout(ctx, d.deadline)
	defer cancel()
	account, err := open(ctx, collectors.Options{Profile: d.profile, Region: d.region, EndpointURL: endpoint, MaxAttempts: d.maxAttempts,
		Version: version, Log: log, Progress: progress.call})
	switch {
	case ctx.Err() != nil: // whether the credentials were there by then or not
		return fmt.Errorf("reading the AWS credentials: %w", ctx.Err())
	case err != nil:
		return err
	}
	s := session{store: evidence.NewStore(), account: account, notes: a.endpointNotes(d.endpoint)}
	resolved, more, err := resolve(ctx, targets, s.store, account)
	if err != nil {
		return err
	}
	s.targets, s.notes = resolved, append(s.notes, more...)
	s.engine = &diagnose.Engine{Playbooks: playbooks, Fetch: account.Fetch, Profile: d.profile, Reads: permissions(), Progress: func(wave int, keys []evidence.Key) {
		log.Trace().Int("wave", wave).Stringers("keys", stringers(keys)).Msg("asking")
	}}
	if err := do(ctx, s); err != nil {
		return err
	}
	if ctx.Err() == context.Canceled {
		return context.Canceled
	}
	return nil
}

// permissions are those that ecsplain can use.
func permissions() (out []string) {
	for _, a := range collectors.Actions() {
		if p := collectors.Permission(a); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// resolve turns what was typed into targets, each once.
func resolve(ctx context.Context, texts []string, store *evidence.Store, account *collectors.Account) (out []evidence.Target, notes []string, err error) {
	for _, text := range texts {
		targets, more, err := diagnose.Resolve(ctx, text, store, account.Fetch)
		if err != nil {
			if ctx.Err() == context.Canceled {
				return nil, nil, context.Canceled
			}
			if errors.As(err, new(*diagnose.TargetError)) && lookedUp(store) {
				err = fmt.Errorf("%w\n  looked in region %s; another one: add --region NAME", err, account.Region())
			}
			return nil, nil, err
		}
		notes = append(notes, more...)
		for _, t := range targets {
			if !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
	}
	return out, notes, nil
}

// lookedUp tells whether more was asked than who calls.
func lookedUp(store *evidence.Store) bool {
	who := evidence.CallerKey().Key
	return slices.ContainsFunc(store.Items(), func(i evidence.Item) bool { return i.Key != who }) ||
		slices.ContainsFunc(store.Gaps(), func(g evidence.Gap) bool { return g.Key != who })
}

func stringers(keys []evidence.Key) []fmt.Stringer {
	out := make([]fmt.Stringer, len(keys))
	for i, k := range keys {
		out[i] = k
	}
	return out
}

// environmentEndpoint is the endpoint that the environment sets for all services; "" where none.
func (a *app) environmentEndpoint() string {
	if strings.EqualFold(a.getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		return ""
	}
	return a.getenv("AWS_ENDPOINT_URL")
}

// servicesRead are the services whose endpoint the environment can set on its own.
var servicesRead = []string{"ECS", "EC2", "CLOUDWATCH_LOGS", "ECR", "IAM", "STS", "SECRETS_MANAGER", "SSM", "ELASTIC_LOAD_BALANCING_V2",
	"APPLICATION_AUTO_SCALING", "CLOUDWATCH", "SERVICE_QUOTAS", "SQS", "EVENTBRIDGE", "SCHEDULER", "XRAY", "SERVICEDISCOVERY", "KINESIS"}

// endpointNotes tell the reader when the calls did not go to AWS itself.
func (a *app) endpointNotes(flag string) (notes []string) {
	switch {
	case flag != "":
		notes = append(notes, "All calls went to "+flag+" (--endpoint-url), not to AWS's own endpoints.")
	case a.environmentEndpoint() != "":
		notes = append(notes, "All calls went to "+a.environmentEndpoint()+" (AWS_ENDPOINT_URL), not to AWS's own endpoints.")
	}
	if strings.EqualFold(a.getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
		return notes
	}
	for _, s := range servicesRead {
		if url := a.getenv("AWS_ENDPOINT_URL_" + s); url != "" {
			notes = append(notes, "Calls to "+s+" went to "+url+" (AWS_ENDPOINT_URL_"+s+").")
		}
	}
	return notes
}

// loadPlaybooks reads the built-in playbooks and those of a folder, if one is given; a folder's replace built-in ones
// of the same id. What is built in compiles, so that each is compiled when it is needed; a folder's are compiled now, for
// their faults.
func loadPlaybooks(dir string) ([]*diagnose.Playbook, error) {
	if dir == "" {
		return diagnose.Parse(content.FS)
	}
	own, err := openPlaybooks("--playbooks ", dir)
	if err != nil {
		return nil, err
	}
	all, _, err := joinPlaybooks(own)
	return all, err
}

// joinPlaybooks lays own over what is built in. mine are those of own. The error names every fault of own.
func joinPlaybooks(own fs.FS) (all, mine []*diagnose.Playbook, err error) {
	names, err := fs.Glob(own, "*.yaml")
	if err != nil {
		return nil, nil, err
	}
	all, err = diagnose.Parse(content.FS, own)
	for _, p := range all {
		if slices.Contains(names, p.ID+".yaml") {
			mine = append(mine, p)
		}
	}
	return all, mine, errors.Join(err, diagnose.Compile(mine))
}

// openPlaybooks opens a folder that must hold at least one playbook. typed is what stood before its name.
func openPlaybooks(typed, dir string) (fs.FS, error) {
	own := os.DirFS(dir)
	switch at, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usagef("ls "+filepath.Dir(dir), "%s%s: no such folder", typed, dir)
	case err != nil:
		return nil, usagef("ls -ld "+dir, "%s%s: %v", typed, dir, errors.Unwrap(err))
	case !at.IsDir():
		return nil, usagef(typed+filepath.Dir(dir), "%s%s is a file; name the folder that it is in", typed, dir)
	}
	if names, _ := fs.Glob(own, "*.yaml"); len(names) == 0 {
		return nil, usagef("ls "+dir, "%s%s holds no playbook: want files named FAMILY.CAUSE.yaml", typed, dir)
	}
	return own, nil
}

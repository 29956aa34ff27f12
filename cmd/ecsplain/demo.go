package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/collectors"
	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/diagnose/report"
	"github.com/ecsplain/ecsplain/lab"
	"github.com/ecsplain/ecsplain/lab/wire"
)

// demoScenario is shown where none is named: tasks in a private subnet that lost its way out.
const demoScenario = "no-way-out"

// patience is how long, on the lab's clock, a mended service may take: start back-off reaches 27 minutes.
const patience = time.Hour

func (a *app) demoCommand() *cobra.Command {
	var scenario string
	var seed uint64
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Break a service in a simulated account, diagnose it, mend it; needs no AWS account",
		Long: `Start a simulated AWS account on this machine, break a service in it, run the same diagnosis that "ecsplain
diagnose" runs, through the AWS SDK over HTTP, apply the fix that the report names, and watch the service recover.`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, s, err := startLab(scenario, seed)
			if err != nil {
				return err
			}
			url, stop, err := serve(w.Handler(), 0)
			if err != nil {
				return err
			}
			defer stop()
			d := demo{app: a, world: w, scenario: s, url: url}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&scenario, "scenario", demoScenario, "what to break, as in ecsplain lab list")
	cmd.Flags().Uint64Var(&seed, "seed", 0, "decides ids and small delays of the simulated account")
	if err := cmd.RegisterFlagCompletionFunc("scenario", completeScenarios); err != nil {
		panic(err) // the flag is defined above
	}
	return cmd
}

// demo is one run of the demonstration.
type demo struct {
	*app
	world    *lab.World
	scenario lab.Scenario
	url      string
}

func (d demo) say(format string, args ...any) { fmt.Fprintf(d.stdout, format+"\n", args...) }

func (d demo) run(ctx context.Context) error {
	d.say("# A simulated AWS account listens on %s. Nothing of yours is touched.", d.url)
	d.say("# Broken just now: %s.", strings.TrimSuffix(d.scenario.Title, "."))
	d.say("\n$ ecsplain diagnose %s\n", d.scenario.Target)
	r, err := d.diagnose(ctx)
	if err != nil {
		return err
	}
	if err := report.Text(d.stdout, r, d.textOptions(false)); err != nil {
		return err
	}
	if err := d.mend(ctx, r); err != nil {
		return err
	}
	if err := d.watch(ctx); err != nil {
		return err
	}
	d.say("\n$ ecsplain diagnose %s\n", d.scenario.Target)
	if r, err = d.diagnose(ctx); err != nil {
		return err
	}
	if err := report.Text(d.stdout, r, d.textOptions(false)); err != nil {
		return err
	}
	for _, t := range r.Targets {
		if t.Health != facts.Healthy {
			return errors.New("the service did not recover")
		}
	}
	return nil
}

// diagnose is the real thing: the AWS SDK over HTTP, with credentials that open nothing else.
func (d demo) diagnose(ctx context.Context) (diagnose.Report, error) {
	open := func(_ context.Context, o collectors.Options) (*collectors.Account, error) {
		return collectors.New(aws.Config{Region: d.world.Region, BaseEndpoint: aws.String(d.url),
			Credentials: credentials.NewStaticCredentialsProvider("lab", "lab", "")}, o), nil
	}
	return d.examine(ctx, diagnosis{deadline: time.Minute}, []string{d.scenario.Target}, open)
}

// mend applies the first fix that is made of API calls. Where the report leaves the fix to a person, the lab plays the person.
func (d demo) mend(ctx context.Context, r diagnose.Report) error {
	for _, t := range r.Targets {
		if len(t.Findings) == 0 || t.Findings[0].Verdict != diagnose.Confirmed {
			continue
		}
		for _, a := range t.Findings[0].Fix {
			if len(a.Calls) > 0 {
				return d.apply(ctx, a)
			}
		}
		d.say("\n# This fix is for a person to make. The lab makes it as a person would.")
		return d.world.Apply(d.scenario.Solve)
	}
	return errors.New("the report confirms no cause, so there is nothing to apply")
}

// signingName is the name of a service on the wire, where the SDK calls it otherwise.
var signingName = map[string]string{"cloudwatchlogs": "logs", "elasticloadbalancingv2": "elasticloadbalancing"}

func (d demo) apply(ctx context.Context, a diagnose.Action) error {
	d.say("\n# The fix that the report names:")
	for _, line := range strings.Split(a.Command, "\n") {
		d.say("$ %s", line)
	}
	c := d.client()
	for _, call := range a.Calls {
		service := call.Service
		if s := signingName[service]; s != "" {
			service = s
		}
		if _, err := c.Call(ctx, service, call.Operation, call.Input); err != nil {
			return fmt.Errorf("applying the fix, %s:%s: %w", call.Service, call.Operation, err)
		}
	}
	return nil
}

func (d demo) client() *wire.Client { return &wire.Client{Endpoint: d.url, Region: d.world.Region} }

// watch lets the lab's clock run until the service is well, and shows its counts as they change.
func (d demo) watch(ctx context.Context) error {
	d.say("\n# Now the lab's clock runs.")
	if lab.Scheduled(d.scenario.Target) {
		if err := d.world.Healed(d.scenario.Target, time.Minute); err != nil {
			return fmt.Errorf("the next time it fires is no better: %w", err)
		}
		d.say("%6s  it fired, and its task ended with code 0", d.world.Now().Format("15:04"))
		return nil
	}
	began := d.world.Now()
	last := ""
	for d.world.Now().Sub(began) < patience {
		d.world.Advance(10 * time.Second)
		counts, err := d.counts(ctx)
		if err != nil {
			return err
		}
		if counts != last {
			d.say("%6s  %s", d.world.Now().Sub(began).Round(time.Second), counts)
			last = counts
		}
		if d.world.Healed(d.scenario.Target, 0) == nil {
			return nil
		}
	}
	return fmt.Errorf("the service did not recover within %s of the lab's time: %w", patience, d.world.Healed(d.scenario.Target, 0))
}

func (d demo) counts(ctx context.Context) (string, error) {
	target := d.scenario.Target
	if name, ok := lab.Sessions(target); ok {
		target = name
	}
	cluster, service, _ := strings.Cut(target, "/")
	out, err := d.client().Call(ctx, "ecs", "DescribeServices", map[string]any{"cluster": cluster, "services": []any{service}})
	if err != nil {
		return "", err
	}
	list, _ := out["services"].([]any)
	if len(list) != 1 {
		return "", io.ErrUnexpectedEOF
	}
	s, _ := list[0].(map[string]any)
	return fmt.Sprintf("running %v, pending %v, desired %v", s["runningCount"], s["pendingCount"], s["desiredCount"]), nil
}

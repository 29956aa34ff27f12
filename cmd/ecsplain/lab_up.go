package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/lab"
)

// fastest is the highest --speed: a day of the lab in less than ten seconds.
const fastest = 10_000

// readSpeed reads how many times faster than the wall clock the lab's runs; 10x and 10 are the same.
func readSpeed(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(text)), "x"), 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > fastest {
		return 0, fmt.Errorf("want 0 (the clock stands still) to %d, as in 10x", fastest)
	}
	return v, nil
}

// upFlags are the choices of lab up.
type upFlags struct {
	port   int
	speed  string
	seed   uint64
	inject string
}

func (a *app) labUp() *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up [SCENARIO]",
		Short: "Start the simulated account on 127.0.0.1, healthy or with a scenario's service broken",
		Long: `Start the simulated account on 127.0.0.1, healthy or with a scenario's service broken. It lives until Ctrl-C, and keeps
nothing.

--inject FILE makes wrong how AWS treats the caller, in YAML:

  deny: ["iam:*", ecs:ListTasks]          # actions that are refused
  caller_policy: ViewOnlyAccess           # or another managed policy, a document, or a list of these: all the caller may do
  throttle: true                          # token buckets of the sizes that AWS publishes
  latency: {"*": 50ms, "logs:*": 2s}      # how long calls take
  mangle: [ssm:DescribeParameters]        # answers that nobody can read
  outage: [ec2]                           # services that are down`,
		Example: `  ecsplain lab up no-way-out
  ecsplain lab up --speed 60x       # a minute of the lab takes a second
  ecsplain lab up --speed 0         # only ecsplain lab time +5m moves its clock`,
		Args:              arguments(0, 1, "at most one scenario, as in ecsplain lab list"),
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.port < 0 || f.port > 65535 {
				return usagef(cmd.CommandPath()+" --port 4566", "--port %d: want 0 to 65535", f.port)
			}
			r, err := prepare(cmd, f, args)
			if err != nil {
				return err
			}
			url, stop, err := serve(r.Handler(), f.port)
			if err != nil {
				return err
			}
			defer stop()
			a.greet(url, r.Status())
			r.Run(cmd.Context())
			fmt.Fprintln(a.stderr, "the lab is gone, with everything in it")
			return nil
		},
	}
	cmd.Flags().IntVar(&f.port, "port", labPort, "port on 127.0.0.1; 0 = any that is free")
	cmd.Flags().StringVar(&f.speed, "speed", "10x", "how many times faster than yours the lab's clock runs; 0 = it stands still")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "decides ids and small delays; the same seed gives the same account")
	cmd.Flags().StringVar(&f.inject, "inject", "", "a YAML `FILE` that says how AWS mistreats the caller, see above")
	return cmd
}

// prepare makes the account that the flags and the scenario's name ask for.
func prepare(cmd *cobra.Command, f upFlags, args []string) (*lab.Running, error) {
	var s lab.Scenario
	var in lab.Injection
	speed, err := readSpeed(f.speed)
	if err != nil {
		return nil, usagef(cmd.CommandPath()+" --speed 10x", "--speed %s: %v", f.speed, err)
	}
	if len(args) == 1 {
		if s, err = findScenario(args[0]); err != nil {
			return nil, err
		}
	}
	if f.inject != "" {
		text, err := os.ReadFile(f.inject)
		if err != nil {
			return nil, fmt.Errorf("--inject: %w", err)
		}
		if in, err = lab.ParseInjection(text); err != nil {
			return nil, usagef(cmd.CommandPath()+" --help", "--inject: %s: %v", f.inject, err)
		}
	}
	r, err := lab.StartRunning(s, lab.Options{Seed: f.seed}, in, speed)
	if err != nil && f.inject != "" {
		return nil, usagef(cmd.CommandPath()+" --help", "--inject: %s: %v", f.inject, err)
	}
	return r, err
}

// exports are the lines that send AWS tools to the lab, where lab shell is not wanted.
func exports(url, region string) string {
	return "  unset AWS_PROFILE AWS_SESSION_TOKEN\n" +
		"  export AWS_ENDPOINT_URL=" + url + " AWS_REGION=" + region + " AWS_DEFAULT_REGION=" + region + " AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab AWS_EC2_METADATA_DISABLED=true\n"
}

func (a *app) greet(url string, s lab.Status) {
	fmt.Fprintf(a.stdout, "A simulated AWS account (%s, %s) listens on %s.\n", s.Account, s.Region, url)
	if s.Scenario == "" {
		fmt.Fprintln(a.stdout, "It is healthy. Break it with AWS's own commands, or start a scenario: ecsplain lab list.")
	} else {
		fmt.Fprintf(a.stdout, "The ticket:\n%s", indented(s.Ticket, a.columns()))
	}
	if s.Injection {
		fmt.Fprintln(a.stdout, "AWS mistreats the caller as --inject says.")
	}
	fmt.Fprintf(a.stdout, "Its clock says %s; %s.\n", s.Now.UTC().Format(labClock), pace(s.Speed))
	port := ""
	if !strings.HasSuffix(url, ":"+strconv.Itoa(labPort)) {
		port = " --port " + url[strings.LastIndex(url, ":")+1:]
	}
	first := "aws events list-rules; aws scheduler list-schedules"
	if !lab.Scheduled(s.Target) {
		target := s.Target
		if name, ok := lab.Sessions(target); ok {
			target = name
		}
		cluster, service, _ := strings.Cut(target, "/")
		first = "aws ecs describe-services --cluster " + cluster + " --services " + service
	}
	fmt.Fprintf(a.stdout, "\nIn another terminal, type:\n  ecsplain lab shell%s        # a shell whose AWS settings lead here alone\n  %s\n  ecsplain diagnose %s\n", port, first, s.Target)
	fmt.Fprintf(a.stdout, "\nOr set it by hand:\n%s\nCtrl-C ends it.\n", exports(url, s.Region))
}

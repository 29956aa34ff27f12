package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/lab"
)

// labPort is where the lab listens unless told otherwise.
const labPort = 4566

func (a *app) labCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "lab", Short: "A simulated AWS account on this machine, with broken services to practise on"})
	cmd.AddCommand(a.labUp(), a.labList())
	return cmd
}

func (a *app) labList() *cobra.Command {
	var answers bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the scenarios: broken services, told by their symptom",
		Args:  arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			all, err := lab.Scenarios()
			if err != nil {
				return err
			}
			for _, s := range all {
				fmt.Fprintf(a.stdout, "%s\n  %s\n", s.Name, strings.Join(strings.Fields(s.Brief), " "))
				if answers {
					fmt.Fprintf(a.stdout, "  (%s: %s)\n", s.Answer.ID, s.Title)
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&answers, "answers", false, "give the answers away, too")
	return cmd
}

func (a *app) labUp() *cobra.Command {
	var port int
	var speed float64
	var seed uint64
	cmd := &cobra.Command{
		Use:   "up [SCENARIO]",
		Short: "Start the simulated account on 127.0.0.1, healthy or with a scenario's service broken",
		Example: `  ecsplain lab up no-way-out
  ecsplain lab up --speed 60        # a minute of the lab takes a second`,
		Args:              arguments(0, 1, "at most one scenario, as in ecsplain lab list"),
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			if speed < 0 {
				return usagef(cmd.CommandPath()+" --speed 10", "--speed %g: want 0 (the clock stands still) or more", speed)
			}
			if port < 0 || port > 65535 {
				return usagef(cmd.CommandPath()+" --port 4566", "--port %d: want 0 to 65535", port)
			}
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			w, s, err := startLab(name, seed)
			if err != nil {
				return err
			}
			url, stop, err := serve(w, port)
			if err != nil {
				return err
			}
			defer stop()
			a.greet(url, w, s, speed)
			if speed > 0 {
				w.Run(cmd.Context(), speed)
			}
			<-cmd.Context().Done()
			fmt.Fprintln(a.stderr, "the lab is gone, with everything in it")
			return nil
		},
	}
	cmd.Flags().IntVar(&port, "port", labPort, "port on 127.0.0.1; 0 = any that is free")
	cmd.Flags().Float64Var(&speed, "speed", 10, "how many times faster than yours the lab's clock runs; 0 = it stands still")
	cmd.Flags().Uint64Var(&seed, "seed", 0, "decides ids and small delays; the same seed gives the same account")
	return cmd
}

func completeScenarios(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	all, err := lab.Scenarios()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// startLab makes the account; name "" leaves it healthy.
func startLab(name string, seed uint64) (*lab.World, lab.Scenario, error) {
	if name == "" {
		return lab.New(lab.Options{Seed: seed}), lab.Scenario{}, nil
	}
	s, err := lab.FindScenario(name)
	if err != nil {
		return nil, s, usage{what: err.Error(), try: "ecsplain lab list"}
	}
	w, err := s.Start(lab.Options{Seed: seed})
	return w, s, err
}

// serve answers AWS calls on a port of 127.0.0.1 until stop is called.
func serve(w *lab.World, port int) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "", nil, fmt.Errorf("port %d of this machine is taken, perhaps by another lab\n  try: --port 0, which takes any that is free", port)
	case err != nil:
		return "", nil, fmt.Errorf("the lab cannot listen on this machine: %w", err)
	}
	srv := &http.Server{Handler: w.Handler()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // always ends with ErrServerClosed: stop is the only way out
	}()
	return "http://" + l.Addr().String(), func() {
		_ = srv.Close() // what it says of connections that are gone anyway helps nobody
		<-done
	}, nil
}

// exports are the lines that send AWS tools to the lab.
func exports(url, region string) string {
	return "  unset AWS_PROFILE AWS_SESSION_TOKEN\n" +
		"  export AWS_ENDPOINT_URL=" + url + " AWS_REGION=" + region + " AWS_DEFAULT_REGION=" + region + " AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab AWS_EC2_METADATA_DISABLED=true\n"
}

func (a *app) greet(url string, w *lab.World, s lab.Scenario, speed float64) {
	target := "shop/orders"
	fmt.Fprintf(a.stdout, "A simulated AWS account (%s, %s) listens on %s.\n", w.Account, w.Region, url)
	if s.Name == "" {
		fmt.Fprintln(a.stdout, "It is healthy. Break it with AWS's own commands, or start a scenario: ecsplain lab list.")
	} else {
		target = s.Target
		fmt.Fprintf(a.stdout, "The ticket: %s\n", strings.Join(strings.Fields(s.Brief), " "))
	}
	if speed > 0 {
		fmt.Fprintf(a.stdout, "Its clock runs %g times as fast as yours.\n", speed)
	}
	first := "aws ecs describe-services --cluster shop --services orders"
	if lab.Scheduled(target) {
		first = "aws events list-rules; aws scheduler list-schedules"
	}
	fmt.Fprintf(a.stdout, "\nIn another terminal, type:\n%s  %s\n  ecsplain diagnose %s\n\nCtrl-C ends it.\n", exports(url, w.Region), first, target)
}

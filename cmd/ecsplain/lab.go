package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/lab"
)

// labPort is where the lab listens unless told otherwise.
const labPort = 4566

func (a *app) labCommand() *cobra.Command {
	cmd := group(&cobra.Command{Use: "lab", Short: "A simulated AWS account on this machine, with broken services to practise on",
		Long: `A simulated AWS account on this machine, with broken services to practise on. Every symptom follows from the state of the
account, so any valid fix heals it.

  ecsplain lab up no-way-out     in one terminal
  ecsplain lab shell             in another: a shell that leads to the lab alone

docs/lab.md says what the lab does not do, and everything it takes for true of AWS.`})
	cmd.AddCommand(a.labUp(), a.labList(), a.labTime(), a.labReset(), a.labShell(), a.labCalls(), a.labCalibrate())
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
	s, err := findScenario(name)
	if err != nil {
		return nil, s, err
	}
	w, err := s.Start(lab.Options{Seed: seed})
	return w, s, err
}

// serve answers AWS calls on a port of 127.0.0.1 until stop is called.
func serve(h http.Handler, port int) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "", nil, fmt.Errorf("port %d of this machine is taken, perhaps by another lab\n  try: --port 0, which takes any that is free", port)
	case err != nil:
		return "", nil, fmt.Errorf("the lab cannot listen on this machine: %w", err)
	}
	srv := &http.Server{Handler: h}
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

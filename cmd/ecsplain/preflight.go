package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/collectors"
	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/report"
	"github.com/ecsplain/ecsplain/evidence"
)

func (a *app) preflightCommand() *cobra.Command {
	var d diagnosis
	var revision string
	cmd := &cobra.Command{
		Use:   "preflight CLUSTER/SERVICE",
		Short: "Say whether the next task of a service would start",
		Long: `Say whether the next task of a service would start: its image and platform, roles, secrets and parameters, log groups,
the way to every endpoint that the start needs from every subnet, addresses and the Fargate vCPU quota for
a whole deployment, sizes, target groups, EFS and EBS volumes. No task has to have failed. It only reads.

Exit codes: 0 nothing stands in the way; 3 something will fail; 4 something could not be judged.`,
		Example: `  ecsplain preflight shop/orders
  ecsplain preflight shop/orders --task-definition orders:43`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.preflight(cmd, d, revision, args) },
	}
	f := cmd.Flags()
	d.readFlags(f)
	f.StringVar(&revision, "task-definition", "", "FAMILY:REVISION to judge instead of the one that the service is set to")
	f.BoolVar(&d.verbose, "verbose", false, "what was read for each line, and the whole fix")
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	return cmd
}

func (a *app) preflight(cmd *cobra.Command, d diagnosis, revision string, args []string) error {
	if len(args) != 1 {
		return usagef(cmd.CommandPath()+" my-cluster/my-service", "preflight needs one service: CLUSTER/SERVICE, its ARN, or its bare name")
	}
	if err := d.check(cmd); err != nil {
		return err
	}
	revision, err := familyRevision(cmd, revision)
	if err != nil {
		return err
	}
	var p diagnose.Preflight
	err = a.read(cmd.Context(), d, args, collectors.Open, func(ctx context.Context, s session) error {
		if len(s.targets) != 1 || s.targets[0].Kind != evidence.TargetService {
			return usagef(cmd.CommandPath()+" my-cluster/my-service", "%q is not one service; preflight takes CLUSTER/SERVICE", args[0])
		}
		p, err = s.engine.Preflight(ctx, s.store, s.targets[0], revision)
		p.Calls, p.Note = s.calls(), append(p.Note, s.notes...)
		return err
	})
	if err != nil {
		return err
	}
	a.code = p.ExitCode()
	if d.format == "json" {
		return report.PreflightJSON(a.stdout, p)
	}
	return report.PreflightText(a.stdout, p, a.textOptions(d.verbose))
}

// familyRevision takes FAMILY:REVISION or the ARN of a task definition.
func familyRevision(cmd *cobra.Command, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	name := text[strings.LastIndexByte(text, '/')+1:]
	family, revision, ok := strings.Cut(name, ":")
	if n, err := strconv.Atoi(revision); !ok || err != nil || n < 1 || family == "" {
		return "", usagef(cmd.CommandPath()+" my-cluster/my-service --task-definition my-family:7", "--task-definition %q: want FAMILY:REVISION", text)
	}
	return name, nil
}

package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/collectors"
)

// policyDocument is an IAM policy.
type policyDocument struct {
	Version   string
	Statement []policyStatement
}

type policyStatement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource string
}

func (a *app) policyCommand() *cobra.Command {
	var why bool
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Print the least-privilege, read-only IAM policy that ecsplain uses",
		Long: `Print the IAM policy with exactly the actions that ecsplain may call. Leave out what you do not want to give: what
cannot be read then is named in the report, with the permission that would show it.`,
		Example: `  ecsplain policy > ecsplain.json
  aws iam create-policy --policy-name ecsplain --policy-document file://ecsplain.json`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			if why {
				return a.policyReasons()
			}
			e := json.NewEncoder(a.stdout)
			e.SetIndent("", "  ")
			return e.Encode(policy(collectors.Actions()))
		},
	}
	cmd.Flags().BoolVar(&why, "why", false, "a table instead: each action and what the report loses without it")
	return cmd
}

// policy has one statement for each service.
func policy(actions []string) policyDocument {
	p := policyDocument{Version: "2012-10-17"}
	for _, a := range actions {
		permission := collectors.Permission(a)
		if permission == "" {
			continue
		}
		service, _, _ := strings.Cut(permission, ":")
		sid := "Ecsplain" + strings.ToUpper(service[:1]) + service[1:]
		if n := len(p.Statement); n == 0 || p.Statement[n-1].Sid != sid {
			p.Statement = append(p.Statement, policyStatement{Sid: sid, Effect: "Allow", Resource: "*"})
		}
		s := &p.Statement[len(p.Statement)-1]
		s.Action = append(s.Action, permission)
	}
	return p
}

func (a *app) policyReasons() error {
	for _, action := range collectors.Actions() {
		if _, err := fmt.Fprintf(a.stdout, "%-34s %s\n", action, collectors.Why(action)); err != nil {
			return err
		}
	}
	return nil
}

package playbooks_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/playbooks"
)

const correctionsDoc = "../docs/corrections.md"

// guideErrors are the lines of the interview guide that mislead somebody who looks for a fault on Fargate, and the
// playbooks that set them right.
var guideErrors = map[string]string{
	"RESOURCE:MEMORY":               "cap.sent-to-ec2",
	"at most 4 vCPU":                "task.invalid-size",
	"ENI allocation":                "cap.launch-throttled",
	"need a NAT gateway":            "net.no-egress-route",
	"EFS is the only":               "storage.ebs-role",
	"20 GB of ephemeral":            "storage.ephemeral-full",
	"ARM64 on Fargate saves 20":     "image.wrong-platform",
	"Exit code 137":                 "task.out-of-memory",
	"driver blocks the program":     "log.blocking",
	"through an interface of its":   "net.endpoint-missing",
	"assignPublicIp must be DISABL": "net.no-public-ip",
}

// What is often said and not so stands in the playbooks, with its date and source; docs/corrections.md is made of it.
func TestCorrections(t *testing.T) {
	all, err := diagnose.Load(playbooks.FS)
	if err != nil {
		t.Fatal(err)
	}
	left := map[string]string{}
	for k, v := range guideErrors {
		left[k] = v
	}
	var sb strings.Builder
	sb.WriteString("# Often said, and not so\n\nMade of the `corrects` of the playbooks by `make update`. `ecsplain playbooks show ID` prints them beside the cause.\n\n" +
		"| said | by | right | as of | cause |\n| --- | --- | --- | --- | --- |\n")
	for _, p := range all {
		for _, c := range p.Corrects {
			fmt.Fprintf(&sb, "| %s | %s | %s | [%s](%s) | `%s` |\n", cell(c.Claim), cell(c.SaidBy), cell(c.Right), c.AsOf, c.Source, p.ID)
			for phrase, id := range left {
				if id == p.ID && strings.Contains(c.Claim, phrase) {
					delete(left, phrase)
				}
			}
		}
	}
	for phrase, id := range left {
		t.Errorf("%s does not correct the sentence with %q", id, phrase)
	}
	sb.WriteString("\n## Not verified\n\nThese could not be settled from AWS's published pages, and no playbook rests on them: the rates at which AWS throttles IAM, EFS, STS, SQS and Application Auto Scaling; " +
		"when 32 vCPU tasks came; whether Fargate's calls for network interfaces count against the account's own EC2 limits. The dates above are those of the pages read, not of a trial on a live account.\n")
	if *update {
		if err := os.WriteFile(correctionsDoc, []byte(sb.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := os.ReadFile(correctionsDoc); string(got) != sb.String() {
		t.Errorf("%s is not what the playbooks say; run: make update", correctionsDoc)
	}
}

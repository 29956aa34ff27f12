// Command ecsplain finds out why containers on AWS Fargate do not run, proves it with what AWS answered, and gives the
// fix. Each sub-command is a file; run wires them.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

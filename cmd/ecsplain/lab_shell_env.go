package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// labShell is an environment that leads to a lab.
type labShell struct {
	dir, url, region string
	environ          []string
	wrapped          string // the version of the aws that needs a wrapper; "" = none does, or there is no aws
}

// settings are the variables of the environment that say where AWS is.
func (sh labShell) settings() [][2]string {
	return [][2]string{
		{"AWS_CONFIG_FILE", filepath.Join(sh.dir, "config")}, {"AWS_SHARED_CREDENTIALS_FILE", filepath.Join(sh.dir, "credentials")}, {"AWS_PROFILE", "lab"},
		{"AWS_ENDPOINT_URL", sh.url}, {"AWS_REGION", sh.region}, {"AWS_DEFAULT_REGION", sh.region}, {"AWS_EC2_METADATA_DISABLED", "true"}, {"AWS_PAGER", ""},
		{labEnv, sh.url}, {"NO_PROXY", sh.direct("NO_PROXY")}, {"no_proxy", sh.direct("no_proxy")}, {"PATH", sh.path()},
	}
}

// env is the environment of programs in the shell.
func (sh labShell) env() []string {
	var out []string
	for _, e := range sh.environ {
		name, _, _ := strings.Cut(e, "=")
		own := slices.ContainsFunc(sh.settings(), func(s [2]string) bool { return s[0] == name })
		if !own && !strings.HasPrefix(name, "AWS_") && name != "BOTO_CONFIG" {
			out = append(out, e)
		}
	}
	for _, s := range sh.settings() {
		out = append(out, s[0]+"="+s[1])
	}
	return out
}

func (sh labShell) get(name string) string {
	for _, e := range sh.environ {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v
		}
	}
	return ""
}

// direct is a list of hosts that no proxy serves, with this machine on it.
func (sh labShell) direct(name string) string {
	return strings.TrimPrefix(sh.get(name)+",127.0.0.1,localhost", ",")
}

// path is PATH with the wrapper first where there is one, and with ecsplain itself last.
func (sh labShell) path() string {
	dirs := []string{sh.get("PATH")}
	if sh.wrapped != "" {
		dirs = append([]string{filepath.Join(sh.dir, "bin")}, dirs...)
	}
	if self := ownFolder(); self != "" {
		dirs = append(dirs, self)
	}
	return strings.Join(dirs, string(os.PathListSeparator))
}

// ownFolder is where ecsplain itself lies, "" where that cannot be told: it is found by PATH then, or not at all.
func ownFolder() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	return filepath.Dir(self)
}

// write makes the files: the AWS configuration, the wrapper, and what shells read when they start.
func (sh *labShell) write() error {
	aws, err := lookIn("aws", sh.get("PATH"))
	if err == nil {
		sh.wrapped = needsWrapper(aws)
	}
	config := fmt.Sprintf("region = %s\nendpoint_url = %s\noutput = json\ncli_pager =\n", sh.region, sh.url)
	keys := "aws_access_key_id = lab\naws_secret_access_key = lab\n"
	files := []struct {
		name, text string
		mode       os.FileMode
	}{
		{"config", "[default]\n" + config + "[profile lab]\n" + config, 0o600},
		{"credentials", "[default]\n" + keys + "[lab]\n" + keys, 0o600},
		{"settings.sh", sh.script(), 0o600},
		{"bashrc", "[ -r ~/.bashrc ] && . ~/.bashrc\n. " + quoted(filepath.Join(sh.dir, "settings.sh")) + "\nPS1=\"(lab) ${PS1:-\\\\w \\\\$ }\"\n", 0o600},
		{".zshenv", "[[ -r ${ECSPLAIN_ZDOTDIR:-$HOME}/.zshenv ]] && . ${ECSPLAIN_ZDOTDIR:-$HOME}/.zshenv\nZDOTDIR=" + quoted(sh.dir) + "\n", 0o600},
		{".zshrc", "[[ -r ${ECSPLAIN_ZDOTDIR:-$HOME}/.zshrc ]] && . ${ECSPLAIN_ZDOTDIR:-$HOME}/.zshrc\n. " + quoted(filepath.Join(sh.dir, "settings.sh")) + "\nPROMPT=\"(lab) $PROMPT\"\n", 0o600},
		{"shrc", ". " + quoted(filepath.Join(sh.dir, "settings.sh")) + "\nPS1='(lab) $ '\n", 0o600},
	}
	if sh.wrapped != "" {
		if err := os.Mkdir(filepath.Join(sh.dir, "bin"), 0o700); err != nil {
			return err
		}
		files = append(files, struct {
			name, text string
			mode       os.FileMode
		}{"bin/aws", wrapper(aws), 0o700})
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(sh.dir, f.name), []byte(f.text), f.mode); err != nil {
			return err
		}
	}
	return nil
}

// script puts the settings back after the user's own start-up files: these may export a profile or hide aws behind an alias.
func (sh labShell) script() string {
	var b strings.Builder
	b.WriteString("for ecsplain_v in $(env | sed -n 's/^\\(AWS_[A-Za-z0-9_]*\\)=.*/\\1/p'); do unset \"$ecsplain_v\"; done; unset ecsplain_v\n")
	for _, s := range sh.settings() {
		if s[0] != "PATH" {
			fmt.Fprintf(&b, "export %s=%s\n", s[0], quoted(s[1]))
		}
	}
	if sh.wrapped != "" { // the user's own files may have put something before it
		fmt.Fprintf(&b, "PATH=%s:\"$PATH\"\n", quoted(filepath.Join(sh.dir, "bin")))
	}
	if self := ownFolder(); self != "" {
		fmt.Fprintf(&b, "PATH=\"$PATH\":%s\n", quoted(self))
	}
	b.WriteString("unalias aws 2>/dev/null || :\nunset -f aws 2>/dev/null || :\n")
	return b.String()
}

// interactive is how a shell is started so that it reads the files above.
func (sh labShell) interactive(shell string) (command, env []string) {
	switch filepath.Base(shell) {
	case "bash":
		return []string{shell, "--rcfile", filepath.Join(sh.dir, "bashrc"), "-i"}, nil
	case "zsh":
		return []string{shell, "-i"}, []string{"ZDOTDIR=" + sh.dir, "ECSPLAIN_ZDOTDIR=" + sh.get("ZDOTDIR")}
	}
	return []string{"/bin/sh", "-i"}, []string{"ENV=" + filepath.Join(sh.dir, "shrc")}
}

// quoted is a text as one word of a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// lookIn finds a program on a PATH.
func lookIn(name, path string) (string, error) {
	if strings.ContainsRune(name, os.PathSeparator) {
		return name, nil
	}
	for _, dir := range filepath.SplitList(path) {
		at := filepath.Join(dir, name)
		if st, err := os.Stat(at); err == nil && !st.IsDir() && st.Mode()&0o111 != 0 {
			return at, nil
		}
	}
	return "", exec.ErrNotFound
}

var awsVersion = regexp.MustCompile(`aws-cli/(\d+)\.(\d+)`)

// needsWrapper is the version of an aws that does not send every service to AWS_ENDPOINT_URL, "" for one that does. The variable came with
// 1.29 and 2.13; version 1 still makes sqs's address in a way of its own. A version that cannot be read counts as an old one.
func needsWrapper(aws string) string {
	out, _ := exec.Command(aws, "--version").CombinedOutput() // what it says decides, not how it ends
	m := awsVersion.FindStringSubmatch(string(out))
	if m == nil {
		return "of an unknown version"
	}
	minor, _ := strconv.Atoi(m[2]) // digits, by the expression
	if major := m[1]; major == "1" || major == "2" && minor < 13 {
		return strings.TrimPrefix(strings.Fields(string(out))[0], "aws-cli/")
	}
	return ""
}

// wrapper is an aws that gives the lab's address with every command that has none.
func wrapper(aws string) string {
	return "#!/bin/sh\n# aws for the lab: this version does not send every service to AWS_ENDPOINT_URL.\n" +
		"for a in \"$@\"; do case \"$a\" in --endpoint-url|--endpoint-url=*|--version) exec " + quoted(aws) + " \"$@\" ;; esac; done\n" +
		"exec " + quoted(aws) + " --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"\n"
}

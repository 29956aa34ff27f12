package message

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// reader cuts values out of a message by the words that stand around them, whatever their case.
type reader struct{ text, low string }

const quotes = "\"'`’‘“”"

// after returns the word that follows a phrase: up to white space or a closing mark, without quotes around it.
func (r reader) after(phrase string) string {
	i := strings.Index(r.low, phrase)
	if i < 0 {
		return ""
	}
	return word(r.text[i+len(phrase):])
}

// mostWord bounds a word in bytes: what is longer is no name.
const mostWord = 2048

func word(s string) string {
	s = head(s, mostWord)
	s = strings.TrimLeft(s, quotes+" ([\\")
	end := strings.IndexAny(s, " \t\")]<>;,"+quotes)
	if end >= 0 {
		s = s[:end]
	}
	return strings.TrimRight(s, ".:,\\"+quotes)
}

// around returns the word that contains a phrase, up to the same marks on both sides.
func (r reader) around(phrase string) string {
	i := strings.Index(r.low, phrase)
	if i < 0 {
		return ""
	}
	least := max(0, i-mostWord)
	for least < i && !utf8.RuneStart(r.text[least]) {
		least++
	}
	from := strings.LastIndexAny(r.text[least:i], " \t\"([<>;,=\\"+quotes)
	return word(r.text[least+from+1:])
}

// id returns an id such as subnet-0123abcd: a prefix and what of letters and digits follows.
func (r reader) id(prefix string) string {
	for at := 0; ; {
		i := strings.Index(r.low[at:], prefix)
		if i < 0 {
			return ""
		}
		i += at
		end := i + len(prefix)
		for end < len(r.low) && alnum(r.low[end]) {
			end++
		}
		if n := end - i - len(prefix); n >= 4 && (i == 0 || !alnum(r.low[i-1])) && strings.ContainsAny(r.low[i+len(prefix):end], "0123456789") {
			return r.text[i:end]
		}
		at = end
	}
}

// head is the first n bytes of a text, or some fewer where a character would be cut in two.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func fieldsOf(text string, low []byte) Fields {
	r := reader{text: text, low: asciiLower(text)}
	var f Fields
	f.network(r)
	f.denial(r, low)
	f.image(r)
	f.thing(r)
	f.run(r)
	return f
}

func (f *Fields) network(r reader) {
	f.Host, f.Port = r.url()
	f.Host = first(r.lookup(), r.resolved(), f.Host, r.after("pulling from host "))
	for _, dial := range []string{"dial tcp ", "dial udp ", "connect etimedout ", "connect econnrefused "} {
		if i := strings.Index(r.low, dial); i >= 0 && !strings.HasPrefix(r.low[i+len(dial):], "lookup") {
			host, port := hostPort(word(r.text[i+len(dial):]))
			if strings.ContainsAny(host, "0123456789") && (strings.Count(host, ".") == 3 || strings.Contains(host, ":")) {
				f.IP = host
			}
			f.Port = first(port, f.Port)
			break
		}
	}
	f.Port = first(f.Port, r.after("(port "))
	f.Subnet, f.SecurityGroup = r.id("subnet-"), r.id("sg-")
}

// url is the host and port of the first URL that is not a link to documentation.
func (r reader) url() (host, port string) {
	for at := 0; ; {
		i := strings.Index(r.low[at:], "://")
		if i < 0 {
			return "", ""
		}
		at += i + len("://")
		w := word(r.text[at:])
		if j := strings.IndexAny(w, "/?"); j >= 0 {
			w = w[:j]
		}
		if w != "" && !strings.HasPrefix(w, "docs.") && !strings.HasPrefix(w, "www.") {
			return hostPort(w)
		}
	}
}

// lookup is the name that a resolver was asked for.
func (r reader) lookup() string {
	i := strings.Index(r.low, "lookup ")
	if i < 0 {
		return ""
	}
	w := word(r.text[i+len("lookup "):])
	if !strings.Contains(w, ".") {
		return ""
	}
	return w
}

// resolved is the file system name that the EFS helper could not resolve.
func (r reader) resolved() string {
	w := r.after("failed to resolve ")
	if strings.Contains(w, ".") && !strings.ContainsAny(w, "/") {
		return w
	}
	return ""
}

func hostPort(s string) (host, port string) {
	if i := strings.LastIndexByte(s, ':'); i >= 0 && len(s)-i <= 6 && i+1 < len(s) && strings.Trim(s[i+1:], "0123456789") == "" && !strings.Contains(s[:i], "::") {
		return strings.Trim(s[:i], "[]"), s[i+1:]
	}
	return strings.Trim(s, "[]"), ""
}

func (f *Fields) denial(r reader, low []byte) {
	f.Action = r.after("not authorized to perform: ")
	if f.Action != "" {
		f.Resource = r.after(" on resource: ")
	}
	if f.Resource == "" && f.Action != "" {
		f.Resource = r.after(" on resource ")
	}
	f.Role = roleName(first(r.around(":assumed-role/"), r.after("assume the role "), r.after("assume role "), r.after("infrastructure role "), r.around(":role/")))
	if bytes.Contains(low, []byte("policy")) || bytes.Contains(low, []byte("boundary")) { // each of them has one of these
		f.DenyReason = find(denyLayers, low)
	}
}

// roleName takes the name out of the ARN of a role or of a session of it.
func roleName(s string) string {
	if i := strings.Index(s, ":assumed-role/"); i >= 0 {
		name, _, _ := strings.Cut(s[i+len(":assumed-role/"):], "/")
		return name
	}
	if i := strings.Index(s, ":role/"); i >= 0 {
		s = s[i+len(":role/"):]
		return s[strings.LastIndexByte(s, '/')+1:]
	}
	return ""
}

func (f *Fields) image(r reader) {
	ref := first(r.after("failed to resolve ref "), r.after("failed to resolve reference "), r.after("normalize image reference "), r.after("image digest from ref "), r.pulled(), r.after("pull access denied for "),
		r.after("daemon: manifest for "), r.after("daemon: repository "), r.after("(404): repository "))
	if ref == "" {
		if w := r.around(".dkr.ecr."); strings.Contains(w, "/") && !strings.Contains(w, "://") {
			ref = w
		}
	}
	if strings.ContainsAny(ref, "/:") || ref != "" && strings.Contains(r.low, "pull") {
		f.Image = ref
	}
	f.Registry, f.Repository, f.Tag, f.Digest = splitImage(f.Image)
	f.Repository = first(f.Repository, r.after("the repository with name "))
	f.Platform = r.after("matching platform ")
}

// pulled is the image of "The task cannot pull 'X' from ...".
func (r reader) pulled() string {
	w := first(r.after("the task cannot pull "), r.after("the task can't pull "), r.after("the task can’t pull "))
	if !strings.ContainsAny(w, "/:.") {
		return ""
	}
	return w
}

// splitImage follows the grammar of image references: a first part with a dot or a colon, or localhost, is a host.
func splitImage(ref string) (registry, repository, tag, digest string) {
	ref, digest, _ = strings.Cut(ref, "@")
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		ref, tag = ref[:i], ref[i+1:]
	}
	if host, rest, ok := strings.Cut(ref, "/"); ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		return host, rest, tag, digest
	}
	return "", ref, tag, digest
}

func (f *Fields) thing(r reader) {
	f.Secret = r.around(":secretsmanager:")
	if !strings.Contains(f.Secret, ":secret:") {
		f.Secret = ""
	}
	f.JSONKey = r.after("did not contain json key ")
	f.Parameter = first(r.after("invalid ssm parameters: "), r.after("invalid parameters: "))
	if f.Parameter == "" {
		if arn := r.around(":ssm:"); strings.Contains(arn, ":parameter/") {
			f.Parameter = arn
		}
	}
	f.TargetGroup = first(r.around(":targetgroup/"), r.after("target-group "), r.after("target group "))
	if !strings.ContainsAny(f.TargetGroup, "/-0123456789") {
		f.TargetGroup = ""
	}
	if _, rest, ok := strings.Cut(r.around(":log-group:"), ":log-group:"); ok {
		group, stream, _ := strings.Cut(rest, ":log-stream:")
		group = strings.TrimSuffix(strings.TrimSuffix(group, ":log-stream"), ":*")
		f.LogGroup, f.LogStream = group, strings.TrimSuffix(stream, "*")
	}
}

func (f *Fields) run(r reader) {
	code := first(r.after("exitcode "), r.after("exit code: "), r.after("exit code "), r.after("exited with code "))
	if code != "" && strings.Trim(code, "0123456789") == "" {
		f.ExitCode = code
	}
	if i := strings.Index(r.low, `exec: "`); i >= 0 {
		f.EntryPoint, _, _ = strings.Cut(r.text[i+len(`exec: "`):], `"`)
	} else if w := r.after("exec "); strings.HasPrefix(w, "/") {
		f.EntryPoint = w
	}
	f.Deployment = r.around("ecs-svc/")
	f.Task = first(r.after("(task "), lastPart(r.around(":task/")))
	if !strings.ContainsAny(f.Task, "0123456789") {
		f.Task = ""
	}
	f.Container = first(r.after("for target ["), r.after("container name: "))
	if f.Container == "" && strings.Contains(r.low, "did not have a container port") || strings.Contains(r.low, "does not exist in the task definition") {
		f.Container = r.after("the container ")
	}
}

func lastPart(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

package facts

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// Causes that one line tells: AWS's own text where the container did not start, else the deciding line of its log.
const (
	lineProgramMissing = "program-missing" // the file to start is not in the image
	lineInterpreter    = "interpreter"     // the file is there; the interpreter, loader or library that it needs is not
	lineEnds           = "line-ends"       // the file is a script whose first line leads nowhere, mostly by Windows line ends
	lineNotExecutable  = "not-executable"
	lineExecFormat     = "exec-format"
	lineUser           = "user"
	lineWorkdir        = "workdir"
	lineMount          = "mount"
	lineConfigMissing  = "config-missing" // it names a variable that the task definition does not set
	lineDatabase       = "database"
	linePortTaken      = "port-taken"
	lineFileLimit      = "file-limit"
	lineSegfault       = "segfault"
	lineRouterConfig   = "router-config"
)

// Line is what the one line that decides tells.
type Line struct {
	Text   string         `json:"text"`
	Cause  string         `json:"cause"`  // one of the constants above; "" = another one, or none
	Name   string         `json:"name"`   // what the line is about: a file, a variable, a host, a port; "" = not told
	Script bool           `json:"script"` // Name ends like that of a script
	Sure   bool           `json:"sure"`   // of line-ends: the line shows the carriage return
	Mount  Check          `json:"mount"`  // a volume lies over Name; Resource is its container path
	Basis  evidence.Basis `json:"-"`
}

var signatureCause = map[string]string{
	"app.entrypoint-crlf":           lineEnds,
	"app.entrypoint-not-executable": lineNotExecutable,
	"app.shared-library-missing":    lineInterpreter,
	"app.command-not-found":         lineProgramMissing,
	"app.exec-format":               lineExecFormat,
	"app.db-refused":                lineDatabase,
	"app.db-timeout":                lineDatabase,
	"app.mongo-unreachable":         lineDatabase,
	"app.port-in-use":               linePortTaken,
	"app.too-many-files":            lineFileLimit,
	"app.segfault":                  lineSegfault,
}

func lineFact(v *evidence.View, in *Incident) {
	if in.Message.Family == "container-start" {
		text := in.Message.Text
		l := Line{Text: text, Name: in.Message.Fields.EntryPoint, Basis: evidence.Basis{Cites: in.Basis.Cites}}
		l.Cause = startCause(in.Symptom, text)
		switch l.Cause {
		case lineUser:
			l.Name = wordAfter(text, "find user ", "find group ")
		case lineWorkdir:
			l.Name = wordAfter(text, "chdir to cwd ")
		case lineMount:
			l.Name = wordAfter(text, " at ")
		}
		l.Mount = coveredBy(v, in, l.Name)
		in.Line = l.finish()
		return
	}
	if in.Message.Step != "run" && in.Message.Family != "exit" && in.Message.Family != "" {
		in.Line = Line{Basis: evidence.Basis{Cites: in.Basis.Cites}} // no container of its own ran: there is no line
		return
	}
	if in.Log.Basis.Unknown {
		in.Line = Line{Basis: in.Log.Basis}
		return
	}
	d := in.Log.Deciding
	l := Line{Text: d.Line, Name: d.Name, Cause: signatureCause[d.Signature], Basis: in.Log.Basis}
	switch {
	case d.Signature == "app.entrypoint-missing":
		l.Cause = startCause("container-start/entrypoint-not-found", d.Line)
	case d.Signature == "app.env-missing" && d.Name != "" && !given(v, in, d.Name):
		l.Cause = lineConfigMissing
	case d.Signature == "" && routerComplains(d.Line):
		l.Cause = lineRouterConfig
	}
	in.Line = l.finish()
}

// wordAfter is the word after the first of the phrases that is there, without quotes and brackets.
func wordAfter(text string, phrases ...string) string {
	for _, p := range phrases {
		if _, rest, ok := strings.Cut(text, p); ok {
			word, _, _ := strings.Cut(rest, " ")
			return strings.Trim(word, "\"'():,")
		}
	}
	return ""
}

// coveredBy tells whether a volume is mounted over the file: what the image has there is hidden.
func coveredBy(v *evidence.View, in *Incident, file string) Check {
	w := v.Track()
	td, known := launched(w, in)
	if !known {
		return Check{Basis: w.Undecided("")}
	}
	for _, m := range concernedContainer(td, in).MountPoints {
		if dir := strings.TrimSuffix(m.ContainerPath, "/"); file != "" && dir != "" && (file == dir || strings.HasPrefix(file, dir+"/")) {
			return Check{Holds: true, Resource: m.ContainerPath, Basis: evidence.Basis{Cites: citeDefinition(v, in, "containerDefinitions.mountPoints", m.ContainerPath)}}
		}
	}
	return Check{Basis: evidence.Basis{Cites: citeDefinition(v, in, "containerDefinitions.mountPoints", "none over "+file)}}
}

func (l Line) finish() Line {
	l.Sure = l.Cause == lineEnds && carriageReturn(l.Text)
	l.Script = slices.Contains([]string{".sh", ".bash", ".py", ".rb", ".pl"}, path.Ext(l.Name))
	if l.Cause == lineInterpreter && l.Script && !strings.Contains(strings.ToLower(l.Text), "bad interpreter") {
		l.Cause = lineEnds
	}
	return l
}

func carriageReturn(s string) bool {
	return strings.Contains(s, `\r`) || strings.Contains(s, "\r") || strings.Contains(s, "^M")
}

// startCause tells the texts of the runtime apart. runc looks the file up before it starts it: a file that is not there
// is "executable file not found" or "stat ...: no such file". The kernel's own "exec FILE: no such file" comes after
// that and means that the file's interpreter or loader is missing.
func startCause(symptom, text string) string {
	low := strings.ToLower(text)
	switch symptom {
	case "container-start/permission-denied":
		return lineNotExecutable
	case "container-start/exec-format":
		return lineExecFormat
	case "container-start/bad-mount":
		return lineMount
	case "container-start/bad-user-or-workdir":
		if strings.Contains(low, "find user") || strings.Contains(low, "find group") {
			return lineUser
		}
		return lineWorkdir
	case "container-start/entrypoint-not-found":
		switch {
		case carriageReturn(text):
			return lineEnds
		case strings.Contains(low, "executable file not found"), strings.Contains(low, "stat "):
			return lineProgramMissing
		case strings.Contains(low, "bad interpreter"), strings.Contains(low, "no such file"):
			return lineInterpreter
		}
		return lineProgramMissing
	}
	return ""
}

// routerComplains recognises what Fluent Bit says of its own configuration.
func routerComplains(line string) bool {
	low := strings.ToLower(line)
	return strings.Contains(low, "[error] [config]") || strings.Contains(low, "[config] error") || strings.Contains(low, "[error] configuration file contains errors")
}

// given reports whether the launch may set a variable: by name, by a secret, by the one who started the task, or by a
// file that cannot be read. Dots and hyphens count as underscores: frameworks read one for the other.
func given(v *evidence.View, in *Incident, name string) bool {
	w := v.Track()
	td, _ := launched(w, in)
	c := concernedContainer(td, in)
	same := func(s string) bool { return variable(s) == variable(name) }
	task, _, _ := sampleTask(w, in)
	for _, o := range task.Overrides {
		if o.Name == c.Name && slices.ContainsFunc(o.EnvironmentNames, same) {
			return true
		}
	}
	return len(c.EnvironmentFiles) > 0 || slices.ContainsFunc(c.EnvironmentNames, same) ||
		slices.ContainsFunc(c.Secrets, func(s evidence.SecretRef) bool { return same(s.Name) })
}

func variable(s string) string {
	return strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(cmp.Or(s, "_")))
}

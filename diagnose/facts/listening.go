package facts

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/evidence"
)

// Listening is what the log of the container says about the port that it serves.
type Listening struct {
	Line       string         `json:"line"`        // the line that says so; "" = none does
	Port       int            `json:"port"`        // 0 = it names none
	Local      bool           `json:"local"`       // on 127.0.0.1 or localhost, where nobody outside the task can connect
	Other      Check          `json:"other"`       // on another port than the load balancer calls, and no line names that one
	Fits       Check          `json:"fits"`        // on the port that is called, on all addresses
	Told       bool           `json:"told"`        // a line says so at all
	BindFailed bool           `json:"bind_failed"` // the log's deciding line is that it could not take its port
	TLS        bool           `json:"tls"`         // a line complains of plain HTTP on a TLS port, or of TLS on a plain one
	TLSLine    string         `json:"tls_line"`
	At         time.Time      `json:"at"`
	Basis      evidence.Basis `json:"-"`
}

var (
	servesWords = regexp.MustCompile(`(?i)\b(?:listen(?:ing|s)?|running|serv(?:ing|er|es)|started|bound|ready|accepting|bind(?:ing)?)\b`)
	hostPortIn  = regexp.MustCompile(`(?i)(127\.0\.0\.1|localhost|\[::1\]|0\.0\.0\.0|\[::\]|\*|\b\d{1,3}(?:\.\d{1,3}){3})?:(\d{2,5})\b`)
	portWordIn  = regexp.MustCompile(`(?i)\bports?(?:\(s\))?[ =:"']*(\d{2,5})\b`)
	bareHost    = regexp.MustCompile(`(?i)\b(?:on|at) (127\.0\.0\.1|localhost)\b`)
	dialled     = regexp.MustCompile(`(?i)\b(?:connect(?:ed|ing|ion)?|database|postgres|mysql|redis|broker|upstream|refused|dial|GET|POST|HEAD) `)
	clock       = regexp.MustCompile(`\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?`)
	plainOnTLS  = regexp.MustCompile(`(?i)plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server|TLS handshake error|tls: first record does not look like a TLS handshake|wrong version number|Invalid HTTP request received|invalid method.*\\x16`)
	bindRefused = regexp.MustCompile(`(?i)permission denied|EACCES|address (?:is )?already in use|EADDRINUSE|cannot assign requested address|EADDRNOTAVAIL|(?:failed|unable|cannot|could not|couldn't) (?:to )?(?:bind|listen)`)
	bindFaults  = []string{"app.port-in-use", "app.port-privileged", "app.bind-address-missing", "app.port-invalid"}
)

// servesAt reads one log line: where it says the program listens. ok is false where it says nothing of that.
func servesAt(line string) (port int, local, ok bool) {
	line = clock.ReplaceAllString(line, "")
	if !servesWords.MatchString(line) || dialled.MatchString(line) || bindRefused.MatchString(line) {
		return 0, false, false
	}
	open := false
	for _, m := range hostPortIn.FindAllStringSubmatch(line, -1) {
		n, _ := strconv.Atoi(m[2])
		host := strings.ToLower(m[1])
		if n > 65535 || n < 20 {
			continue
		}
		if port == 0 {
			port = n
		}
		switch host {
		case "127.0.0.1", "localhost", "[::1]":
			local = true
		case "0.0.0.0", "[::]", "*":
			open = true
		}
	}
	if m := portWordIn.FindStringSubmatch(line); m != nil && port == 0 {
		port, _ = strconv.Atoi(m[1])
	}
	if bareHost.MatchString(line) {
		local = true
	}
	return port, local && !open, port > 0
}

// listeningFact looks through the log of a sample for the lines in which the program says where it listens. A later
// line wins over an earlier one; a line about the port that is called wins over all.
func listeningFact(v *evidence.View, in *Incident) {
	l := &in.Listening
	defer func() { l.compare(in.Target) }()
	if in.Log.Basis.Unknown {
		l.Basis = in.Log.Basis
		return
	}
	w := v.Track()
	key := evidence.LogTailKey(in.Log.Group, in.Log.Stream)
	tail, st := evidence.Read(w, key)
	if st != evidence.Found || len(tail.Lines) == 0 {
		l.Basis = w.Undecided("the container's log has no line that says where it listens")
		return
	}
	want := in.Target.CheckPort
	for _, line := range tail.Lines {
		if plainOnTLS.MatchString(line.Text) {
			l.TLS, l.TLSLine = true, line.Text
		}
		port, local, ok := servesAt(line.Text)
		if !ok || l.Told && l.Port == want && !l.Local && want != 0 {
			continue
		}
		l.Told, l.Line, l.Port, l.Local, l.At = true, line.Text, port, local, line.At
	}
	l.BindFailed = slices.Contains(bindFaults, in.Log.Deciding.Signature)
	switch {
	case l.Told:
		w.Cite(key.Key, "log stream "+in.Log.Stream, "message", l.Line)
	case l.BindFailed:
		w.Cite(key.Key, "log stream "+in.Log.Stream, "message", in.Log.Deciding.Line)
	case l.TLS:
		w.Cite(key.Key, "log stream "+in.Log.Stream, "message", l.TLSLine)
	default:
		l.Basis = w.Undecided("no line of the container's log says where it listens")
		return
	}
	l.Basis = w.Decided()
}

// compare holds what the log says against the port that the load balancer calls.
func (l *Listening) compare(t TargetFact) {
	for _, b := range []evidence.Basis{l.Basis, t.Basis} {
		if b.Unknown {
			l.Other.Basis, l.Fits.Basis = b, b
			return
		}
	}
	b := evidence.Basis{Cites: append(slices.Clone(l.Basis.Cites), t.Basis.Cites...)}
	l.Other = Check{Holds: l.Told && l.Port != t.CheckPort, Basis: b}
	l.Fits = Check{Holds: l.Told && !l.Local && l.Port == t.CheckPort, Basis: b}
}

var startedIn = regexp.MustCompile(`(?i)\bstarted\b.* in (\d+)(?:\.\d+)? ?s(?:econds)?\b`)

// startingWords are what a program says while it starts.
var startingWords = regexp.MustCompile(`(?i)\b(?:start(?:ing)?|initiali[sz]\w*|boot(?:ing|strap\w*)?|load(?:ing|ed)?|migrat\w*|warm\w*|compil\w*|connect(?:ing|ed)|waiting|prepar\w*|building|scanning)\b`)

// patienceFact compares how long a killed sample lived with the line in its log that says that it serves. Where there is
// none, what it said last tells whether it was still starting.
func patienceFact(v *evidence.View, in *Incident) {
	p := &in.Target.Patience
	w := v.Track()
	if in.Target.Basis.Unknown {
		p.Basis = in.Target.Basis
		return
	}
	svc, _ := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	task, tasks, known := sampleTask(w, in)
	if in.Kind != KindStopped || in.Message.Family != "health" || known && !task.StartedAt.Known {
		p.Basis = w.Undecided("no task that was killed for its health is left to read")
		return
	}
	if !known {
		p.Basis = w.Undecided("")
		return
	}
	p.Grace, p.Threshold = svc.GracePeriodSeconds, in.Target.Interval*in.Target.Unhealthy
	p.Lived = int(ended(task).Sub(task.StartedAt.At).Seconds())
	w.Cite(evidence.ServiceKey(in.Cluster, in.Service).Key, "service "+in.Service, "healthCheckGracePeriodSeconds", itoa(p.Grace))
	w.Cite(tasks, "task "+task.ID, "stoppingAt", itoa(p.Lived)+" s after its start")
	if in.Log.Basis.Unknown {
		p.Basis = in.Log.Basis
		return
	}
	recover := in.Target.Interval * max(1, in.Target.Healthy) // what a target needs to be healthy again
	switch {
	case in.Listening.Told && !in.Listening.Basis.Unknown:
		p.ReadyLine, p.Ready = in.Listening.Line, max(1, int(in.Listening.At.Sub(task.StartedAt.At).Seconds()))
		if m := startedIn.FindStringSubmatch(p.ReadyLine); m != nil {
			n, _ := strconv.Atoi(m[1])
			p.Ready = max(p.Ready, n)
		}
		p.GraceShort = in.Listening.Fits.Holds && p.Grace < p.Ready+recover && p.Lived < p.Ready+recover+in.Target.Interval
	default:
		word, still := lastWord(w, in, task, in.Target.Interval)
		if !still {
			p.Basis = w.Undecided("the log of the killed task has no line that says that it serves, or that it still starts")
			return
		}
		p.ReadyLine, p.Ready, p.GraceShort = word, p.Lived, true
	}
	switch doomed := in.Target.WrongProtocol; {
	case in.Target.Answer.final(), !doomed.Basis.Unknown && doomed.Holds:
		p.GraceShort = false // no patience would make the answer right
	case p.Ready <= in.Target.Interval*(in.Target.Unhealthy-1):
		p.GraceShort = false // it was ready before as many checks had been made as it takes to call it unhealthy: they failed for another reason
	}
	p.Needed = (p.Ready*3/2 + recover + 29) / 30 * 30
	if p.Ready == p.Lived { // it was killed while it started, so nobody knows how long it needs
		p.Needed = max(300, p.Needed*2)
	}
	w.Cite(evidence.LogTailKey(in.Log.Group, in.Log.Stream).Key, "log stream "+in.Log.Stream, "message", p.ReadyLine)
	p.Basis = w.Decided()
	if p.Lived < p.Grace { // no task is killed for its health within the grace period, so this one had a shorter one
		p.Basis.Changed = evidence.When(newest(p.Basis.Cites))
	}
}

// lastWord is what a killed task said last, where that was, shortly before its end, that it starts.
func lastWord(w *evidence.View, in *Incident, task evidence.Task, interval int) (word string, still bool) {
	tail, _ := evidence.Read(w, evidence.LogTailKey(in.Log.Group, in.Log.Stream))
	if in.Log.Basis.Unknown || len(tail.Lines) == 0 || tail.Truncated {
		return "", false
	}
	last := tail.Lines[len(tail.Lines)-1]
	if !startingWords.MatchString(last.Text) || ended(task).Sub(last.At) >= time.Duration(2*max(15, interval))*time.Second {
		return "", false
	}
	return last.Text, true
}

package facts

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/diagnose/facts/logline"
	"github.com/ecsplain/ecsplain/evidence"
)

func newest(cites []evidence.Cite) time.Time {
	var t time.Time
	for _, c := range cites {
		if c.At.After(t) {
			t = c.At
		}
	}
	return t
}

// imageFact looks at the image the message names, else at the concerned container's.
func imageFact(v *evidence.View, in *Incident) {
	ref := in.Definition.Image
	if f := in.Message.Fields.Image; f != "" && in.Message.Nature != "malformed" && (in.Definition.Basis.Unknown || image.Parse(f).Digest != "") {
		ref = f
	}
	if ref == "" {
		b := in.Definition.Basis
		b.Unknown = true
		x := image.Check{Basis: b}
		in.Image = ImageFact{Basis: b, Look: image.Image{RepositoryMissing: x, TagMissing: x, DigestGone: x, WrongPlatform: x, Archived: x}}
		return
	}
	p := image.Parse(ref)
	wantPlatforms := in.Message.Nature == "platform" || strings.Contains(in.Symptom, "exec-format") || in.Kind == KindForward
	in.Image = ImageFact{Reference: ref, DockerHub: p.DockerHub, ECR: p.ECR, Basis: evidence.Basis{Cites: citeDefinition(v, in, "containerDefinitions.image", ref)}}
	in.Image.Look = image.Look(v.Track(), ref, in.Definition.OS, in.Definition.Arch, wantPlatforms)
	in.Image.Look.TagMissing = pushedSince(v, in, p, in.Image.Look.TagMissing)
	in.Image.Tagged = tagged(v, in)
}

func tagged(v *evidence.View, in *Incident) Check {
	w := v.Track()
	gone := in.Image.Look.DigestGone
	switch named := image.Parse(in.Definition.Image); {
	case gone.Basis.Unknown || !gone.Holds:
		return Check{Basis: w.Undecided("no digest is gone")}
	case in.Definition.Basis.Unknown:
		return Check{Basis: in.Definition.Basis}
	case named.Digest != "":
		return Check{Basis: in.Definition.Basis}
	default:
		_, st := evidence.Read(w, evidence.ImageKey(named.RepositoryID(), named.Suffix()))
		if st != evidence.Found && st != evidence.Absent {
			return Check{Basis: w.Undecided("")}
		}
		return Check{Holds: st == evidence.Found, Resource: named.Text, Basis: w.Decided()}
	}
}

// pushedSince turns "the tag is there" into "the tag was missing then and was pushed since" where the registry said
// that it was missing and the image now there is newer than the last failure.
func pushedSince(v *evidence.View, in *Incident, ref image.Reference, c image.Check) image.Check {
	if c.Basis.Unknown || c.Holds || in.Message.Nature != "not-found" || ref.Digest != "" {
		return c
	}
	img, st := evidence.Read(v.Track(), evidence.ImageKey(ref.RepositoryID(), ref.Suffix()))
	if st != evidence.Found || !img.PushedAt.Known || !img.PushedAt.At.After(in.Last) {
		return c
	}
	c.Holds, c.Resource = true, ref.Text
	c.Detail = "the registry did not have " + ref.Text + " at the last failure; it was pushed since"
	c.Basis.Changed = img.PushedAt
	return c
}

// secretID takes the :JSON-KEY:STAGE:VERSION off a valueFrom.
func secretID(valueFrom string) string {
	if parts := strings.Split(valueFrom, ":"); strings.HasPrefix(valueFrom, "arn:") && len(parts) > 7 {
		return strings.Join(parts[:7], ":")
	}
	return valueFrom
}

func jsonKey(valueFrom string) string {
	if parts := strings.Split(valueFrom, ":"); len(parts) > 7 {
		return parts[7]
	}
	return ""
}

func secretFact(v *evidence.View, in *Incident) {
	in.Secret = SecretFact{ID: secretID(in.Message.Fields.Secret), JSONKey: in.Message.Fields.JSONKey}
	s := &in.Secret
	candidates := []string{s.ID}
	if s.ID == "" {
		if in.Definition.Basis.Unknown {
			b := in.Definition.Basis
			s.Missing.Basis, s.Deleted.Basis, s.NoStage.Basis = b, b, b
			return
		}
		candidates = nil
		for _, ref := range in.Definition.Secrets {
			if strings.Contains(ref, ":secretsmanager:") {
				candidates = append(candidates, secretID(ref))
				if s.JSONKey != "" && jsonKey(ref) == s.JSONKey {
					candidates = []string{secretID(ref)}
					break
				}
			}
		}
	}
	if len(candidates) == 0 {
		b := v.Track().Undecided("no secret takes part in this start")
		s.Missing.Basis, s.Deleted.Basis, s.NoStage.Basis = b, b, b
		return
	}
	s.Missing = anyOf(v, candidates, func(w *evidence.View, id string) (bool, bool) {
		key := evidence.SecretKey(id)
		_, st := evidence.Read(w, key)
		if st == evidence.Absent {
			w.Cite(key.Key, "secret "+id, "ARN", "does not exist")
		}
		return st == evidence.Absent, st == evidence.Absent || st == evidence.Found
	})
	s.Deleted = anyOf(v, candidates, func(w *evidence.View, id string) (bool, bool) {
		key := evidence.SecretKey(id)
		sec, st := evidence.Read(w, key)
		if st == evidence.Found && sec.DeletedAt.Known {
			w.Cite(key.Key, "secret "+id, "DeletedDate", evidence.UTC(sec.DeletedAt.At))
		}
		return sec.DeletedAt.Known, st == evidence.Absent || st == evidence.Found
	})
	s.NoStage = anyOf(v, candidates, func(w *evidence.View, id string) (bool, bool) {
		key := evidence.SecretKey(id)
		sec, st := evidence.Read(w, key)
		bad := st == evidence.Found && len(sec.Versions) > 0 && !slices.ContainsFunc(sec.Versions, func(x evidence.SecretVersion) bool { return slices.Contains(x.Stages, "AWSCURRENT") })
		return bad, st == evidence.Absent || st == evidence.Found
	})
	s.ID = cmp.Or(s.ID, s.Missing.Resource, s.Deleted.Resource, candidates[0])
	if sec, st := evidence.Read(v.Track(), evidence.SecretKey(s.ID)); st == evidence.Found {
		s.Missing.Basis.Changed = sec.ChangedAt
	}
}

// anyOf asks the same question of several things: true as soon as one says so, false once all said no.
func anyOf(v *evidence.View, ids []string, ask func(w *evidence.View, id string) (holds, known bool)) Check {
	w := v.Track()
	all := true
	for _, id := range ids {
		holds, known := ask(w, id)
		if known && holds {
			return Check{Holds: true, Resource: id, Basis: w.Decided()}
		}
		all = all && known
	}
	if !all {
		return Check{Basis: w.Undecided("")}
	}
	for _, id := range ids {
		w.Cite(evidence.SecretKey(id).Key, "secret "+id, "ARN", "exists")
	}
	return Check{Basis: w.Decided()}
}

func parameterFact(v *evidence.View, in *Incident) {
	in.Parameter = ParameterFact{Name: parameterName(in.Message.Fields.Parameter)}
	p := &in.Parameter
	w := v.Track()
	if p.Name == "" {
		p.Missing.Basis = w.Undecided("no parameter is named by this failure")
		return
	}
	key := evidence.ParameterKey(p.Name)
	_, st := evidence.Read(w, key)
	if st != evidence.Found && st != evidence.Absent {
		p.Missing.Basis = w.Undecided("")
		return
	}
	p.Missing.Holds, p.Missing.Resource = st == evidence.Absent, p.Name
	if in.Message.Nature == "permission" { // the reference is what is wrong then, as AWS writes it
		p.Missing.Resource = in.Message.Fields.Parameter
	}
	w.Cite(key.Key, "parameter "+p.Name, "Name", map[bool]string{true: "does not exist", false: "exists"}[st == evidence.Absent])
	p.Missing.Basis = w.Decided()
}

func parameterName(s string) string {
	if i := strings.Index(s, ":parameter"); i >= 0 {
		s = s[i+len(":parameter"):]
		if strings.Count(s, "/") == 1 {
			s = strings.TrimPrefix(s, "/")
		}
	}
	return s
}

func logGroupFact(v *evidence.View, in *Incident) {
	in.LogGroup = LogGroupFact{Name: cmp.Or(in.Message.Fields.LogGroup, in.Definition.LogGroup)}
	g := &in.LogGroup
	w := v.Track()
	if g.Name == "" {
		g.Missing.Basis = in.Definition.Basis
		if !in.Definition.Basis.Unknown {
			g.Missing.Basis = w.Undecided("the container does not use the awslogs driver")
		}
		return
	}
	key := evidence.LogGroupKey(g.Name)
	group, st := evidence.Read(w, key)
	if st != evidence.Found && st != evidence.Absent {
		g.Missing.Basis = w.Undecided("")
		return
	}
	g.Missing.Resource = g.Name
	g.Missing.Holds = st == evidence.Absent
	w.Cite(key.Key, "log group "+g.Name, "logGroupName", map[bool]string{true: "does not exist", false: "exists"}[st == evidence.Absent])
	g.Missing.Basis = w.Decided()
	if st == evidence.Found && in.Message.Nature == "not-found" && group.CreatedAt.Known && group.CreatedAt.At.After(in.Last) {
		g.Missing.Holds, g.Missing.Basis.Changed = true, group.CreatedAt
	}
}

// logFact reads the end of what the container that ended first said, in one sample task. The stream's name is
// computed: PREFIX/CONTAINER/TASK-ID (AWS documentation: awslogs log driver).
func logFact(v *evidence.View, in *Incident) {
	w := v.Track()
	switch {
	case in.Definition.Basis.Unknown:
		in.Log = LogFact{Basis: in.Definition.Basis}
		return
	case !afterStart(in) && in.Message.Family != "container-start":
		in.Log = LogFact{Basis: w.Undecided("the container never ran, so it said nothing")}
		return
	case in.Definition.LogDriver != "awslogs" || len(in.Samples) == 0:
		in.Log = LogFact{Basis: w.Undecided("the container's log does not go to CloudWatch Logs by the awslogs driver")}
		return
	}
	td, _ := evidence.Read(w, evidence.TaskDefinitionKey(in.Definition.ID))
	prefix := ""
	for _, c := range td.Containers {
		if c.Name == in.Definition.Container {
			prefix = option(c, "awslogs-stream-prefix")
		}
	}
	in.Log = LogFact{Group: in.Definition.LogGroup, Stream: prefix + "/" + in.Definition.Container + "/" + in.Samples[0]}
	l := &in.Log
	key := evidence.LogTailKey(l.Group, l.Stream)
	tail, st := evidence.Read(w, key)
	if st != evidence.Found && st != evidence.Absent {
		l.Basis = w.Undecided("")
		return
	}
	lines := make([]string, 0, len(tail.Lines))
	for _, line := range tail.Lines {
		lines = append(lines, line.Text)
	}
	l.Exists = len(lines) > 0
	l.Deciding = logline.Deciding(lines)
	l.Tail = lines[max(0, len(lines)-10):]
	w.Cite(key.Key, "log stream "+l.Stream, "message", cmp.Or(l.Deciding.Line, "(no line)"))
	l.Basis = w.Decided()
}

// deploymentsBack is how many deployments are looked back at: some only start the same revision anew.
const deploymentsBack = 3

// before looks among the service's deployments for the revision that ran before one; "" where there is none, or (known is false) where
// that was not to be read.
func before(w *evidence.View, svc evidence.Service, revision string) (id string, known bool) {
	if cmp.Or(svc.DeploymentController, "ECS") != "ECS" {
		return "", true
	}
	if svc.TaskDefinition != revision {
		return "", true // it was left already
	}
	ds, st := evidence.Read(w, evidence.ServiceDeploymentsKey(svc.Cluster, svc.Name))
	if st != evidence.Found {
		return "", st == evidence.Absent
	}
	for i, d := range ds.Deployments {
		if i == deploymentsBack || len(d.SourceRevisions) == 0 {
			break
		}
		rev, st := evidence.Read(w, evidence.ServiceRevisionKey(d.SourceRevisions[0]))
		if st != evidence.Found {
			return "", st == evidence.Absent
		}
		if rev.TaskDefinition != revision {
			return rev.TaskDefinition, true
		}
	}
	return "", true
}

// previousFact finds the revision to go back to: that of an older deployment that still runs, else what ran before the newest deployment
// that changed the revision.
func previousFact(v *evidence.View, in *Incident) {
	w := v.Track()
	svc, st := evidence.Read(w, evidence.ServiceKey(in.Cluster, in.Service))
	if in.Service == "" || st != evidence.Found {
		in.Previous = Previous{Basis: w.Undecided("")}
		return
	}
	o, ok := older(svc)
	if !ok || o.TaskDefinition == in.Launch.TaskDefinition {
		var known bool
		if o.TaskDefinition, known = before(w, svc, in.Launch.TaskDefinition); o.TaskDefinition == "" {
			in.Previous = Previous{Basis: w.Undecided("")}
			if known {
				in.Previous.Basis = w.Decided()
			}
			return
		}
		o.Running = 0
	}
	in.Previous = Previous{TaskDefinition: o.TaskDefinition, Running: o.Running}
	td, st := evidence.Read(w, evidence.TaskDefinitionKey(o.TaskDefinition))
	if st == evidence.Unread || st == evidence.Gapped {
		in.Previous.Basis = w.Undecided("")
		return
	}
	in.Previous.Active = td.Status == "ACTIVE"
	w.Cite(evidence.TaskDefinitionKey(o.TaskDefinition).Key, "task definition "+o.TaskDefinition, "status", td.Status)
	in.Previous.Basis = w.Decided()
}

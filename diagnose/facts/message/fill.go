package message

// holeFields names the field that a placeholder stands for.
var holeFields = map[string]func(*Fields) *string{
	"secret-arn": func(f *Fields) *string { return &f.Secret },
	"subnet-id":  func(f *Fields) *string { return &f.Subnet },
	"sg-id":      func(f *Fields) *string { return &f.SecurityGroup },
	"tg-arn":     func(f *Fields) *string { return &f.TargetGroup },
	"KEY":        func(f *Fields) *string { return &f.JSONKey },
	"image":      func(f *Fields) *string { return &f.Image },
	"ip":         func(f *Fields) *string { return &f.IP },
	"host":       func(f *Fields) *string { return &f.Host },
	"container":  func(f *Fields) *string { return &f.Container },
	"task-id":    func(f *Fields) *string { return &f.Task },
	"os-arch":    func(f *Fields) *string { return &f.Platform },
	"group":      func(f *Fields) *string { return &f.LogGroup },
}

// fill sets what the form's placeholders stand for: where the words around did not tell it, and, in a text whose lines
// were joined, instead of what they told, for the form knows where a broken value ends.
func (f *Fields) fill(form *form, holes []span, q *squeezed, wrapped bool) {
	for i, h := range form.holes {
		field, ok := holeFields[h.name]
		if !ok || i >= len(holes) || holes[i].from >= holes[i].to {
			continue
		}
		if to := field(f); *to == "" || wrapped {
			*to = string(q.orig[holes[i].from:holes[i].to])
		}
	}
	if f.Image != "" {
		f.Registry, f.Repository, f.Tag, f.Digest = splitImage(f.Image)
	}
}

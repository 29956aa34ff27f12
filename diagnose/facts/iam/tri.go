package iam

// tri is one of three answers. The order makes "and" the smaller and "or" the larger one.
type tri int8

const (
	no tri = iota
	unknown
	yes
)

func (t tri) not() tri { return yes - t }

func triOf(b bool) tri {
	if b {
		return yes
	}
	return no
}

// anyOf is "or" over items; an empty list is no.
func anyOf[T any](items []T, f func(T) tri) tri {
	out := no
	for _, it := range items {
		if out = max(out, f(it)); out == yes {
			break
		}
	}
	return out
}

// allOf is "and" over items; an empty list is yes.
func allOf[T any](items []T, f func(T) tri) tri {
	return anyOf(items, func(it T) tri { return f(it).not() }).not()
}

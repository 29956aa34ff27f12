package network

// tri is an answer with three sides. unknown combines as in Kleene's logic, so that what is decided from part of the
// evidence never changes when the rest arrives.
type tri int8

const (
	no tri = iota
	yes
	unknown
)

func not(t tri) tri {
	switch t {
	case no:
		return yes
	case yes:
		return no
	}
	return unknown
}

func or(ts ...tri) tri {
	out := no
	for _, t := range ts {
		switch {
		case t == yes:
			return yes
		case t == unknown:
			out = unknown
		}
	}
	return out
}

func and(ts ...tri) tri {
	out := yes
	for _, t := range ts {
		switch {
		case t == no:
			return no
		case t == unknown:
			out = unknown
		}
	}
	return out
}

// agree is the answer that all cases share; unknown where they differ, or where there is no case.
func agree(ts []tri) tri {
	if len(ts) == 0 {
		return unknown
	}
	for _, t := range ts[1:] {
		if t != ts[0] {
			return unknown
		}
	}
	return ts[0]
}

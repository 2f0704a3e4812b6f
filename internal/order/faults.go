package order

// maxFaults bounds what a caller is told, so that a small hostile request cannot ask for a huge answer: a pathological
// document has a fault every few bytes. A request that anybody means has far fewer.
const maxFaults = 1000

// faults collects everything that is wrong with a request, each fault beginning with the JSON pointer of its place.
type faults struct{ texts []string }

func (f *faults) add(at *pointer, text string) {
	if len(f.texts) < maxFaults {
		f.texts = append(f.texts, at.String()+": "+text)
	}
}

// err is nil without faults, and otherwise an Invalid error that lists them all.
func (f *faults) err() error {
	if len(f.texts) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Message: "JSON Schema validation error", Details: f.texts}
}

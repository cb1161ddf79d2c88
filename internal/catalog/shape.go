package catalog

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed schema.json
var schemaText []byte

// Schema is the JSON Schema of a definition's shape, for editors; its meaning is what Check adds.
func Schema() []byte { return bytes.Clone(schemaText) }

// shapes are the compiled schemas of the three kinds of files. The schema is shipped; a fault in it stops every test.
var shapes = sync.OnceValue(compileShapes)

func compileShapes() map[string]*jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText))
	if err != nil {
		panic("catalog: schema.json: " + err.Error())
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:///schema.json", doc); err != nil {
		panic("catalog: schema.json: " + err.Error())
	}
	out := map[string]*jsonschema.Schema{}
	for _, k := range []string{"service", "part", "overlay"} {
		out[k] = c.MustCompile("mem:///schema.json#/$defs/" + k)
	}
	return out
}

// shape says in plain words where a tree does not have the shape of its kind of file.
func shape(root *node) []Problem {
	k := "service"
	switch {
	case root.at("overlay").ok():
		k = "overlay"
	case root.at("part").ok():
		k = "part"
	}
	var err *jsonschema.ValidationError
	if !errors.As(shapes()[k].Validate(root.plain()), &err) {
		return nil
	}
	w := shapeWords{root: root}
	w.explain(err)
	return sorted(w.found)
}

// shapeWords turns the validator's findings into words about the concern; of alternatives it keeps the nearest.
type shapeWords struct {
	root  *node
	found []Problem
}

func (w *shapeWords) add(at *node, msg, help string) {
	w.found = append(w.found, problem(at, msg, help))
}

func (w *shapeWords) explain(e *jsonschema.ValidationError) {
	at, last := w.root.find(e.InstanceLocation), ""
	if n := len(e.InstanceLocation); n > 0 {
		last = e.InstanceLocation[n-1]
	}
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, p := range k.Properties {
			w.add(at.key(p), fmt.Sprintf("%q is not a word of the language here", p), helpForWord(p))
		}
	case *kind.Required:
		w.add(at, listed(k.Missing)+missing(len(k.Missing), last), "")
	case *kind.Enum:
		w.add(at, fmt.Sprintf("%q is not allowed for %s", at.str(), last), "allowed: "+strings.Trim(fmt.Sprint(k.Want), "[]"))
	case *kind.Pattern:
		w.add(at, fmt.Sprintf("%q does not read as %s", at.str(), wanted(last, k.Want)), "")
	case *kind.Type:
		w.add(at, fmt.Sprintf("%s must be %s, not %s", last, strings.Join(k.Want, " or "), k.Got), helpForType(k.Want, at))
	case *kind.MaxLength:
		w.add(at, fmt.Sprintf("%s is longer than %d letters", last, k.Want), "give parts of it a name under terms")
	case *kind.OneOf:
		if len(k.Subschemas) > 1 || len(e.Causes) == 0 {
			w.add(at, fmt.Sprintf("%q says two things that exclude each other", last), "")
			return
		}
		w.alternatives(at, last, e)
	case *kind.AnyOf:
		w.alternatives(at, last, e)
	default:
		if len(e.Causes) == 0 {
			words := e.ErrorKind.LocalizedString(message.NewPrinter(language.English))
			w.add(at, strings.TrimSpace(last+": "+words), "")
		}
		for _, c := range e.Causes {
			w.explain(c)
		}
	}
}

func (w *shapeWords) alternatives(at *node, last string, e *jsonschema.ValidationError) {
	var all []string
	for _, c := range e.Causes {
		inner := shapeWords{root: w.root}
		inner.explain(c)
		var said []string
		for _, p := range inner.found {
			said = append(said, p.Msg)
		}
		all = append(all, strings.Join(said, ", "))
	}
	w.add(at, fmt.Sprintf("%q fits none of its forms", last), "either "+strings.Join(all, "; or "))
}

func helpForWord(p string) string {
	if strings.ContainsAny(p, " ().") {
		return "a comma inside { } ends a value: put the text in quotes, or write one key a line"
	}
	return meant(p, vocabulary)
}

func helpForType(want []string, at *node) string {
	if at.kind == scalar && len(want) > 0 && want[0] == "string" {
		return "put it in quotes"
	}
	return ""
}

func listed(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = quote(w)
	}
	return strings.Join(out, " and ")
}

// missing ends a sentence about words that are not there; in is what they belong to, nothing for the file itself.
func missing(n int, in string) string {
	verb := " is missing"
	if n > 1 {
		verb = " are missing"
	}
	if in == "" {
		return verb
	}
	return verb + " in " + quote(in)
}

// wanted names the form that a pattern of the schema stands for.
func wanted(key, pattern string) string {
	for mark, words := range map[string]string{
		"Art":         "a law, such as § 17 Abs. 1 BMG",
		"working day": "a period, such as 2 weeks or 3 working days",
		"€":           "an amount, such as 30.70 €",
		"long_text":   "a type",
	} {
		if strings.Contains(pattern, mark) {
			return words
		}
	}
	return key + " (" + pattern + ")"
}

// vocabulary is every word of the language, for guesses.
var vocabulary = strings.Fields(`service edition publisher path title summary number law example bylaws applicant trust
 in_person units local evidence fields terms tables checks deadlines stages decision fee records letters notices
 proposals retention statistics migrate samples tests label hint type choice pick class optional many when from allowed
 accept max unless_blocked one never_asked purpose about by like with whole is hit given gives rows that else say guide of within extend
 pauses missed who fills ranks until parallel fetch check decide pay record issue send propose discretion mode
 permitted_by four_eyes outcomes burden letter hearing none amount online register each writes kind orders conditions
 reasons without_reasons text shows served on_request to sends answer consent because after hands_on keep then waits`)

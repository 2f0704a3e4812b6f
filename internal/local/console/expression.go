package console

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/scanner"
)

// errNoData is returned by expressions that need a metric without values.
var errNoData = errors.New("no data")

// evaluate returns the value of a CloudWatch metric math expression, with the values of its
// metrics; a metric without values is not among them. It knows what the template uses: arithmetic,
// comparisons, AND, IF, FILL and MAX.
func evaluate(expression string, values map[string]float64) (float64, error) {
	p := &parser{values: values}
	p.scanner.Init(strings.NewReader(expression))
	p.scanner.Error = func(*scanner.Scanner, string) {} // an unknown token is an error below
	p.next()
	value, err := p.binary(0)
	if p.failure != nil {
		return 0, p.failure
	}
	if p.token != scanner.EOF {
		return 0, p.unexpected()
	}
	return value, err
}

// A parser evaluates while it parses. A value without data is an error that FILL and IF handle; a
// syntax error is kept in failure.
type parser struct {
	scanner scanner.Scanner
	token   rune
	text    string
	values  map[string]float64
	failure error
}

func (p *parser) next() {
	p.token = p.scanner.Scan()
	p.text = p.scanner.TokenText()
	if next := p.scanner.Peek(); strings.Contains("<>=!", p.text) && next == '=' && p.text != "" {
		p.scanner.Next()
		p.text += "="
	}
}

func (p *parser) unexpected() error {
	err := fmt.Errorf("unexpected %q in expression", p.text)
	if p.failure == nil {
		p.failure = err
	}
	return err
}

func (p *parser) expect(text string) {
	if p.text != text {
		_ = p.unexpected() // keeps it
		return
	}
	p.next()
}

// operators are those of each level of precedence, lowest first.
var operators = [][]string{{"AND"}, {"<", ">", "<=", ">=", "=="}, {"+", "-"}, {"*", "/"}}

func (p *parser) binary(level int) (float64, error) {
	if level == len(operators) {
		return p.operand()
	}
	left, err := p.binary(level + 1)
	for p.failure == nil {
		operator := ""
		for _, each := range operators[level] {
			if p.text == each {
				operator = each
			}
		}
		if operator == "" {
			break
		}
		p.next()
		right, rightErr := p.binary(level + 1)
		left, err = apply(operator, left, right), errors.Join(err, rightErr)
	}
	return left, err
}

func apply(operator string, a, b float64) float64 {
	truth := map[bool]float64{true: 1}
	switch operator {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	case "<":
		return truth[a < b]
	case ">":
		return truth[a > b]
	case "<=":
		return truth[a <= b]
	case ">=":
		return truth[a >= b]
	case "==":
		return truth[a == b]
	}
	return truth[a != 0 && b != 0]
}

func (p *parser) operand() (float64, error) {
	text := p.text
	switch p.token {
	case scanner.Int, scanner.Float:
		p.next()
		return strconv.ParseFloat(text, 64)
	case scanner.Ident:
		p.next()
		if p.text == "(" {
			return p.call(text)
		}
		if value, ok := p.values[text]; ok {
			return value, nil
		}
		return 0, errNoData
	case '(':
		p.next()
		value, err := p.binary(0)
		p.expect(")")
		return value, err
	}
	return 0, p.unexpected()
}

func (p *parser) call(function string) (float64, error) {
	values, errs := p.arguments("(", ")")
	if p.failure != nil {
		return 0, p.failure
	}
	switch {
	case function == "FILL" && len(values) == 2:
		if errs[0] != nil {
			return values[1], errs[1]
		}
		return values[0], nil
	case function == "IF" && len(values) == 3:
		if errs[0] != nil {
			return 0, errs[0]
		}
		if values[0] != 0 {
			return values[1], errs[1]
		}
		return values[2], errs[2]
	case function == "MAX" && len(values) > 0:
		most := values[0]
		for _, value := range values {
			most = max(most, value)
		}
		return most, errors.Join(errs...)
	}
	p.failure = fmt.Errorf("%s is not known", function)
	return 0, p.failure
}

// arguments returns the values of a list; that of an array in it are arguments of their own.
func (p *parser) arguments(open, end string) (values []float64, errs []error) {
	p.expect(open)
	for p.failure == nil && p.text != end {
		if p.text == "[" {
			more, moreErrs := p.arguments("[", "]")
			values, errs = append(values, more...), append(errs, moreErrs...)
		} else {
			value, err := p.binary(0)
			values, errs = append(values, value), append(errs, err)
		}
		if p.text == "," {
			p.next()
		}
	}
	p.expect(end)
	return values, errs
}

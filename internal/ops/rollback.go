package ops

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// A Version is a published version of a function.
type Version struct {
	Number int    `json:"version"`
	Since  string `json:"since"`  // when it was published
	Commit string `json:"commit"` // from its description, which only a local service sets
	Live   bool   `json:"live"`   // whether the alias points to it
}

// Versions returns the versions of a function, newest first.
func (o *Operator) Versions(ctx context.Context, function string) ([]Version, error) {
	f, ok := o.Functions[function]
	if !ok {
		return nil, fmt.Errorf("unknown function %q; there are %v", function, slices.Sorted(maps.Keys(o.Functions)))
	}
	alias, err := o.Lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: aws.String(f.Name), Name: aws.String(f.Alias)})
	if err != nil {
		return nil, fmt.Errorf("get alias %s of %s: %w", f.Alias, f.Name, err)
	}
	versions := []Version{}
	for input := (&lambda.ListVersionsByFunctionInput{FunctionName: aws.String(f.Name)}); ; {
		page, err := o.Lambda.ListVersionsByFunction(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("list versions of %s: %w", f.Name, err)
		}
		for _, v := range page.Versions {
			number, err := strconv.Atoi(aws.ToString(v.Version))
			if err != nil {
				continue // $LATEST
			}
			live := aws.ToString(v.Version) == aws.ToString(alias.FunctionVersion)
			versions = append(versions, Version{number, aws.ToString(v.LastModified), aws.ToString(v.Description), live})
		}
		if input.Marker = page.NextMarker; input.Marker == nil {
			slices.SortFunc(versions, func(a, b Version) int { return b.Number - a.Number })
			return versions, nil
		}
	}
}

func (o *Operator) functionState(ctx context.Context, name string) (FunctionState, error) {
	versions, err := o.Versions(ctx, name)
	if err != nil {
		return FunctionState{}, err
	}
	for _, v := range versions {
		if v.Live {
			return FunctionState{name, strconv.Itoa(v.Number), v.Since, v.Commit}, nil
		}
	}
	return FunctionState{Name: name, Version: "$LATEST"}, nil
}

// A Move is a change of the version to which the alias of a function points.
type Move struct {
	Function string `json:"function"`
	From     int    `json:"from"`
	To       int    `json:"to"`
}

// ErrNoVersion means that there is no version to roll back to.
var ErrNoVersion = errors.New("there is no older version to roll back to")

// PlanRollback returns the moves that roll back functions, all of them if none are named: to a
// version, or, if to is 0, each to the newest version before its live one.
func (o *Operator) PlanRollback(ctx context.Context, functions []string, to int) ([]Move, error) {
	if len(functions) == 0 {
		functions = slices.Sorted(maps.Keys(o.Functions))
	}
	moves := []Move{}
	for _, function := range functions {
		versions, err := o.Versions(ctx, function)
		if err != nil {
			return nil, err
		}
		live := slices.IndexFunc(versions, func(v Version) bool { return v.Live })
		if live < 0 {
			return nil, fmt.Errorf("roll back %s: its alias points to no version", function)
		}
		target := live + 1
		if to != 0 {
			target = slices.IndexFunc(versions, func(v Version) bool { return v.Number == to })
		}
		if target < 0 || target >= len(versions) {
			return nil, fmt.Errorf("roll back %s: %w", function, ErrNoVersion)
		}
		if target != live {
			moves = append(moves, Move{function, versions[live].Number, versions[target].Number})
		}
	}
	return moves, nil
}

// Rollback makes one move. It also ends the shift of traffic between two versions.
func (o *Operator) Rollback(ctx context.Context, m Move) error {
	f := o.Functions[m.Function]
	_, err := o.Lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: aws.String(f.Name), Name: aws.String(f.Alias), FunctionVersion: aws.String(strconv.Itoa(m.To)),
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}},
	})
	if err != nil {
		return fmt.Errorf("move alias %s of %s to version %d: %w", f.Alias, f.Name, m.To, err)
	}
	return nil
}

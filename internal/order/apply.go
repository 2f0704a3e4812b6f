package order

import "context"

// An Result is what became of a report.
type Result struct {
	Effect  Status // what the report asked for in effect: PackagingFailed for a package that holds nothing of the order
	Changed bool   // whether the order changed; a repeated or late report changes nothing
	Unknown Status // the status of an order that was left alone since this version does not know it; otherwise empty
}

// Apply lets an order follow what warehouse or delivery reports of it. The error is NotFound for an order that does
// not exist (none is ever made) and Unavailable if the table did not answer; after either, applying the report again
// is safe.
func (s *Service) Apply(ctx context.Context, orderID string, r FulfilmentUpdate) (Result, error) {
	if !ValidID(orderID) {
		return Result{}, ErrNotFound
	}
	var outcome Result
	changed, err := s.Store.Update(ContextWithOrderID(ctx, orderID), orderID, func(before Progress) (Progress, error) {
		outcome = Result{}
		if !before.Status.Known() {
			outcome.Unknown = before.Status
			return before, nil
		}
		after, effect, err := before.apply(r)
		outcome.Effect = effect
		if err != nil || after.Equal(before) {
			return before, err
		}
		after.ModifiedDate = before.ModifiedDate.Next(s.now())
		return after, nil
	})
	outcome.Changed = changed
	return outcome, err
}

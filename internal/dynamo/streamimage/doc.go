// Package image translates the images of orders in the table's stream, attributes with their DynamoDB types, to plain
// JSON and back, from text to text. It does without AWS's SDK, of which DynamoDB's part alone takes about a millisecond
// to start, since the function that follows the stream has no other use for it.
//
// Plain JSON is canonical: members sorted by name, sets sorted, no blanks, nothing escaped that need not be. Numbers keep
// all their digits; binary values are base64 text, sets are arrays.
package streamimage

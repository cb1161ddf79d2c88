// Package clock tells the time, and is the only place that asks the machine for it.
//
// Services hold a Clock; rules get the moment or the day as an argument. Moments are stored in UTC and shown in
// Europe/Berlin; a Date is a day of the German civil calendar without a time. The package knows no holidays:
// those belong to a state (package authority).
package clock

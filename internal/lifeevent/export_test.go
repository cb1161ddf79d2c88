package lifeevent

// Parse lets the fuzz test reach what the signature guards.
var Parse = parse

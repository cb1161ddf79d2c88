package web

// Level is how surely we know who a person is. Levels are ordered.
type Level int

// The levels of trust, from a visitor to a person identified by the identity card.
const (
	None        Level = iota
	Normal            // niedrig: a passkey, a password
	Substantial       // substantiell
	High              // hoch: the online function of the identity card
)

var levelNames = [...]string{"none", "normal", "substantial", "high"}

// String returns the level's name as it stands in logs and interfaces.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return "none"
	}
	return levelNames[l]
}

// ParseLevel reads what String wrote; anything else is None.
func ParseLevel(s string) Level {
	for i, name := range levelNames {
		if s == name {
			return Level(i)
		}
	}
	return None
}

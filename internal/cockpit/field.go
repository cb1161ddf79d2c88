package cockpit

// fieldNames are the data of the move that have words of their own in the texts, as cockpit.field.NAME: the groups of the
// register of residents, their parts that are told one by one, and what the person states.
var fieldNames = func() map[string]bool {
	names := map[string]bool{}
	for _, n := range [...]string{
		"family_name", "former_names", "given_names", "doctorate", "other_name", "birth", "birth.date", "birth.place", "sex", "tax_id",
		"representative", "nationalities", "religion", "homes", "moved_in", "family_status", "family_status.status", "family_status.date",
		"spouse", "children", "documents", "blocks", "blocks.information", "azr_number", "passport_refusal", "new_home", "old_home", "kind",
		"move_in", "provider", "owner", "home", "people",
	} {
		names[n] = true
	}
	return names
}()

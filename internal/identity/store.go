package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/amtsweg/amtsweg/internal/base/db"
	"github.com/amtsweg/amtsweg/internal/base/fault"
	"github.com/amtsweg/amtsweg/internal/base/web"
)

func scanAccount(r db.Row) (a Account, err error) {
	err = r.Scan(&a.ID, db.Time(&a.Opened), db.Time(&a.Seen))
	return a, err
}

func accountByID(ctx context.Context, q db.Querier, id AccountID) (Account, error) {
	a, err := db.One(ctx, q, scanAccount, `SELECT id, opened, seen FROM identity_account WHERE id = ?`, string(id))
	return a, missing(err)
}

func missing(err error) error {
	if errors.Is(err, db.ErrNone) {
		return fault.New(fault.NotFound, "identity.error.no_account")
	}
	return err
}

func scanAssertion(r db.Row) (a Assertion, err error) {
	var level int
	err = r.Scan(&a.Family, &a.Given, db.Date(&a.Birth), &a.Address, &a.Pseudonym, &level, db.Time(&a.Time))
	a.Level = web.Level(level)
	return a, err
}

func assertionOf(ctx context.Context, q db.Querier, id AccountID) (Assertion, error) {
	a, err := db.One(ctx, q, scanAssertion,
		`SELECT family, given, birth, address, pseudonym, level, asserted FROM identity_assertion WHERE account = ?`, string(id))
	return a, missing(err)
}

// accountByPseudonym returns the account that knows the pseudonym, or none.
func accountByPseudonym(ctx context.Context, q db.Querier, pseudonym string) (AccountID, error) {
	id, err := db.One(ctx, q, db.Scalar[string], `SELECT account FROM identity_assertion WHERE pseudonym = ?`, pseudonym)
	if errors.Is(err, db.ErrNone) {
		return "", nil
	}
	return AccountID(id), err
}

// keepAssertion puts the assertion beside the account that knows its pseudonym, or beside fresh if none does, and
// returns whose it is.
func keepAssertion(ctx context.Context, tx *db.Tx, fresh AccountID, a Assertion) (AccountID, error) {
	id, err := db.One(ctx, tx, db.Scalar[string],
		`INSERT INTO identity_assertion (account, pseudonym, family, given, birth, address, level, asserted)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (pseudonym) DO UPDATE SET family = excluded.family, given = excluded.given, birth = excluded.birth,
			address = excluded.address, level = excluded.level, asserted = excluded.asserted
		RETURNING account`,
		string(fresh), a.Pseudonym, a.Family, a.Given, a.Birth, a.Address, int(a.Level), tx.Now())
	return AccountID(id), err
}

// touchAccount keeps the moment of a login, and opens the account at its first.
func touchAccount(ctx context.Context, tx *db.Tx, id AccountID) (Account, error) {
	return db.One(ctx, tx, scanAccount,
		`INSERT INTO identity_account (id, opened, seen) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET seen = excluded.seen RETURNING id, opened, seen`,
		string(id), tx.Now(), tx.Now())
}

// passkeyColumns are in the order of scanPasskey.
const passkeyColumns = `id, account, credential, public_key, aaguid, sign_count, backup_eligible, backup_state, ` + //nolint:gosec // names of columns
	`transports, name, added, used`

func scanPasskey(r db.Row) (p Passkey, err error) {
	err = r.Scan(&p.ID, &p.Account, &p.credential, &p.publicKey, &p.aaguid, &p.signCount, &p.backupEligible, &p.backupState,
		&p.transports, &p.Name, db.Time(&p.Added), db.Time(&p.Used))
	return p, err
}

func passkeysOf(ctx context.Context, q db.Querier, id AccountID) ([]Passkey, error) {
	return db.All(ctx, q, scanPasskey,
		`SELECT `+passkeyColumns+` FROM identity_passkey WHERE account = ? ORDER BY added, id LIMIT ?`, string(id), maxPasskeys)
}

func passkeyByCredential(ctx context.Context, q db.Querier, credential []byte) (Passkey, error) {
	p, err := db.One(ctx, q, scanPasskey, `SELECT `+passkeyColumns+` FROM identity_passkey WHERE credential = ?`, credential)
	if errors.Is(err, db.ErrNone) {
		return p, fault.New(fault.Forbidden, "identity.error.passkey")
	}
	return p, err
}

func insertPasskey(ctx context.Context, tx *db.Tx, p Passkey) error {
	_, err := tx.Exec(ctx, `INSERT INTO identity_passkey (`+passkeyColumns+`) VALUES `+db.Marks(1, 12),
		p.ID, string(p.Account), p.credential, p.publicKey, p.aaguid, p.signCount, p.backupEligible, p.backupState,
		p.transports, p.Name, p.Added, p.Used)
	if db.IsUnique(err) {
		return fault.Wrap(fault.Conflict, "identity.error.passkey_known", err)
	}
	return err
}

// usePasskey keeps what a login changed. It changes nothing if another login with the same passkey was faster.
func usePasskey(ctx context.Context, tx *db.Tx, p Passkey, before int64) (int64, error) {
	return tx.Exec(ctx, `UPDATE identity_passkey SET sign_count = ?, backup_state = ?, used = ? WHERE id = ? AND sign_count = ?`,
		p.signCount, p.backupState, tx.Now(), p.ID, before)
}

func deletePasskey(ctx context.Context, tx *db.Tx, account AccountID, id string) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM identity_passkey WHERE account = ? AND id = ?`, string(account), id)
}

// spend marks a challenge as answered and forgets those that have ended.
func spend(ctx context.Context, tx *db.Tx, challenge string, until time.Time) error {
	if err := tx.Later(ctx, `DELETE FROM identity_spent WHERE until < ?`, tx.Now()); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO identity_spent (challenge, until) VALUES (?, ?)`, challenge, until)
	if db.IsUnique(err) {
		return fault.Wrap(fault.Gone, "identity.error.ceremony", err)
	}
	return err
}

// countAttempt adds one to the attempts of the running hour and returns how many there are.
func countAttempt(ctx context.Context, tx *db.Tx, key string) (int, error) {
	since := tx.Now().Add(-attemptWindow)
	if err := tx.Later(ctx, `DELETE FROM identity_attempt WHERE begun <= ?`, since); err != nil {
		return 0, err
	}
	n, err := db.One(ctx, tx, db.Scalar[int],
		`INSERT INTO identity_attempt (key, begun, tried) VALUES (?, ?, 1)
		ON CONFLICT (key) DO UPDATE SET tried = identity_attempt.tried + 1 RETURNING tried`, key, tx.Now())
	if err != nil {
		return 0, fmt.Errorf("count a login attempt: %w", err)
	}
	return n, nil
}

func forgetAttempts(ctx context.Context, tx *db.Tx, key string) error {
	return tx.Later(ctx, `DELETE FROM identity_attempt WHERE key = ?`, key)
}

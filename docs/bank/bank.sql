-- A bank that writes down what it does.  Second version: money can be held, and accounts know when they were opened.
--
-- Customers call open_account, transfer and hold_money with their own signatures.  They may change no row themselves: what is not
-- granted is denied, and the routines that customers call run with the rights of the bank's owner (SECURITY DEFINER).

-- From the first version; where there is no account yet, this is passed over.
ALTER TABLE IF EXISTS account ADD COLUMN IF NOT EXISTS opened timestamptz;

CREATE TYPE hold_state AS ENUM ('open', 'released');

CREATE TABLE account (
    id bigint PRIMARY KEY,
    owner text NOT NULL,
    balance numeric(14, 2) NOT NULL DEFAULT 0,
    opened timestamptz,
    CONSTRAINT balance_not_negative CHECK (balance >= 0)
);

CREATE TABLE hold (
    id bigint PRIMARY KEY,
    account bigint NOT NULL REFERENCES account (id),
    amount numeric(14, 2) NOT NULL CHECK (amount > 0),
    state hold_state NOT NULL DEFAULT 'open',
    expires timestamptz NOT NULL
);

CREATE TABLE audit (
    number bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    who text NOT NULL,
    what text NOT NULL,
    account bigint NOT NULL,
    amount numeric(14, 2) NOT NULL
);

-- What an account can spend: its balance less what is held.
CREATE FUNCTION available(wanted bigint) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT a.balance - COALESCE((SELECT SUM(h.amount) FROM hold h WHERE h.account = a.id AND h.state = 'open'), 0)
      FROM account a WHERE a.id = wanted
$$;

CREATE PROCEDURE note(what text, account bigint, amount numeric) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit VALUES (
        (SELECT COALESCE(MAX(number), 0) + 1 FROM audit), CURRENT_TIMESTAMP, session_user, note.what, note.account,
        note.amount
    );
END $$;

CREATE PROCEDURE require_own(wanted bigint) LANGUAGE plpgsql AS $$
DECLARE
    holder text;
BEGIN
    SELECT owner INTO holder FROM account WHERE id = wanted;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account % does not exist', wanted USING ERRCODE = 'no_data_found';
    END IF;
    IF holder <> session_user THEN
        RAISE EXCEPTION 'account % belongs to another', wanted USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE PROCEDURE require_available(wanted bigint, amount numeric) LANGUAGE plpgsql AS $$
BEGIN
    IF available(wanted) < amount THEN
        RAISE EXCEPTION 'account % has % left to spend', wanted, available(wanted) USING ERRCODE = 'BANK1';
    END IF;
END $$;

CREATE PROCEDURE open_account(wanted bigint) LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO account VALUES (wanted, session_user, 0, CURRENT_TIMESTAMP);
    CALL note('open', wanted, 0);
END $$;

-- For the owner, and for the tellers that the owner grants it to.
CREATE PROCEDURE deposit(payee bigint, amount numeric(14, 2)) LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE account SET balance = balance + amount WHERE id = payee;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account % does not exist', payee USING ERRCODE = 'no_data_found';
    END IF;
    CALL note('deposit', payee, amount);
END $$;

CREATE PROCEDURE transfer(payer bigint, payee bigint, amount numeric(14, 2)) LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF amount IS NULL OR amount <= 0 THEN
        RAISE EXCEPTION 'an amount above zero is expected, not %', amount USING ERRCODE = 'invalid_parameter_value';
    END IF;
    CALL require_own(payer);
    CALL require_available(payer, amount);
    UPDATE account SET balance = balance - amount WHERE id = payer;
    UPDATE account SET balance = balance + amount WHERE id = payee;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account % does not exist', payee USING ERRCODE = 'no_data_found';
    END IF;
    CALL note('pay', payer, amount);
    CALL note('receive', payee, amount);
    EMIT transferred (payer, payee, amount);
END $$;

-- Sets money aside for an hour, as a hotel does with a card.
CREATE PROCEDURE hold_money(hold_id bigint, payer bigint, amount numeric(14, 2)) LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    CALL require_own(payer);
    CALL require_available(payer, amount);
    INSERT INTO hold VALUES (hold_id, payer, amount, 'open', CURRENT_TIMESTAMP + INTERVAL '1 hour');
    CALL note('hold', payer, amount);
END $$;

-- Gives back what was held for too long, and says how many holds that were.  Anybody may call it.
CREATE FUNCTION release_expired() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    late RECORD;
    released bigint := 0;
BEGIN
    FOR late IN SELECT id, account, amount FROM hold WHERE state = 'open' AND expires <= CURRENT_TIMESTAMP ORDER BY id
    LOOP
        UPDATE hold SET state = 'released' WHERE id = late.id;
        CALL note('release', late.account, late.amount);
        released := released + 1;
    END LOOP;
    RETURN released;
END $$;

GRANT EXECUTE ON PROCEDURE open_account, transfer, hold_money TO PUBLIC;
GRANT EXECUTE ON FUNCTION release_expired TO PUBLIC;

-- Accounts of the first version were opened when the audit says so.
UPDATE account SET opened = (SELECT MIN(at) FROM audit WHERE audit.account = account.id AND what = 'open')
 WHERE opened IS NULL;

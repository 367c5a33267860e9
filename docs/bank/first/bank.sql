-- A bank that writes down what it does.
--
-- Customers call open_account and transfer with their own signatures.  They may change no row themselves: what is not
-- granted is denied, and the routines that customers call run with the rights of the bank's owner (SECURITY DEFINER).

CREATE TABLE account (
    id bigint PRIMARY KEY,
    owner text NOT NULL,
    balance numeric(14, 2) NOT NULL DEFAULT 0,
    CONSTRAINT balance_not_negative CHECK (balance >= 0)
);

CREATE TABLE audit (
    number bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    who text NOT NULL,
    what text NOT NULL,
    account bigint NOT NULL,
    amount numeric(14, 2) NOT NULL
);

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

CREATE PROCEDURE open_account(wanted bigint) LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO account VALUES (wanted, session_user, 0);
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
    UPDATE account SET balance = balance - amount WHERE id = payer;
    UPDATE account SET balance = balance + amount WHERE id = payee;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account % does not exist', payee USING ERRCODE = 'no_data_found';
    END IF;
    CALL note('pay', payer, amount);
    CALL note('receive', payee, amount);
    EMIT transferred (payer, payee, amount);
END $$;

GRANT EXECUTE ON PROCEDURE open_account, transfer TO PUBLIC;

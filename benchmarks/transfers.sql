-- A bank in two lines: what benchmarks of calls execute.

CREATE TABLE account (
    id integer PRIMARY KEY,
    balance bigint NOT NULL
);

CREATE PROCEDURE transfer(giver integer, taker integer, amount bigint) LANGUAGE plpgsql AS $$
DECLARE
    left_over account.balance%TYPE;
BEGIN
    UPDATE account SET balance = balance - amount WHERE id = giver RETURNING balance INTO left_over;
    IF left_over < 0 THEN
        RAISE EXCEPTION 'account % has not enough', giver;
    END IF;
    UPDATE account SET balance = balance + amount WHERE id = taker;
    EMIT transferred (giver, taker, amount);
END
$$;

CREATE PROCEDURE transfer_all(givers integer[], takers integer[], amounts bigint[]) LANGUAGE plpgsql AS $$
BEGIN
    FOR place IN 1 .. array_length(givers, 1) LOOP
        CALL transfer(givers[place], takers[place], amounts[place]);
    END LOOP;
END
$$;

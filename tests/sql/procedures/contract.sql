-- Routines as people write them for PostgreSQL: the five transactions of TPC-C, a bank, and whatever else the language has.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE line_total AS (item integer, amount numeric(12,2));

CREATE TABLE warehouse (w_id integer PRIMARY KEY, w_tax numeric(4,4), w_ytd numeric(12,2));
CREATE TABLE district (d_w_id integer, d_id integer, d_tax numeric(4,4), d_ytd numeric(12,2), d_next_o_id integer, PRIMARY KEY (d_w_id, d_id));
CREATE TABLE customer (c_w_id integer, c_d_id integer, c_id integer, c_first text, c_last text, c_credit char(2), c_discount numeric(4,4), c_balance numeric(12,2), c_ytd_payment numeric(12,2), c_payment_cnt integer, c_delivery_cnt integer, c_data varchar(500), PRIMARY KEY (c_w_id, c_d_id, c_id));
CREATE TABLE history (h_id bigint PRIMARY KEY, h_c_id integer, h_date timestamp, h_amount numeric(6,2), h_data text);
CREATE TABLE orders (o_w_id integer, o_d_id integer, o_id integer, o_c_id integer, o_entry_d timestamp, o_carrier_id integer, o_ol_cnt integer, PRIMARY KEY (o_w_id, o_d_id, o_id));
CREATE TABLE new_order (no_w_id integer, no_d_id integer, no_o_id integer, PRIMARY KEY (no_w_id, no_d_id, no_o_id));
CREATE TABLE order_line (ol_w_id integer, ol_d_id integer, ol_o_id integer, ol_number integer, ol_i_id integer, ol_quantity integer, ol_amount numeric(6,2), ol_delivery_d timestamp, PRIMARY KEY (ol_w_id, ol_d_id, ol_o_id, ol_number));
CREATE TABLE item (i_id integer PRIMARY KEY, i_name text, i_price numeric(5,2));
CREATE TABLE stock (s_w_id integer, s_i_id integer, s_quantity integer, s_ytd integer, s_order_cnt integer, PRIMARY KEY (s_w_id, s_i_id));
CREATE TABLE account (id text PRIMARY KEY, balance numeric(12,2) NOT NULL, "end" boolean);

CREATE OR REPLACE FUNCTION place_order(
    p_w_id integer, p_d_id integer, p_c_id integer, p_items integer[], p_quantities integer[],
    OUT o_total numeric(12,2), OUT o_id integer
) LANGUAGE plpgsql AS $$
DECLARE
    v_customer customer%ROWTYPE;
    v_stock stock%ROWTYPE;
    v_tax district.d_tax%TYPE;
    v_price item.i_price%TYPE;
    v_amount DECIMAL(6, 2);
    v_count CONSTANT integer NOT NULL := array_length(p_items, 1);
BEGIN
    SELECT * INTO STRICT v_customer FROM customer WHERE c_w_id = p_w_id AND c_d_id = p_d_id AND c_id = p_c_id;
    UPDATE district SET d_next_o_id = d_next_o_id + 1
     WHERE d_w_id = p_w_id AND d_id = p_d_id
    RETURNING d_next_o_id - 1, d_tax INTO o_id, v_tax;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no district % of warehouse %', p_d_id, p_w_id USING ERRCODE = 'no_data_found';
    END IF;
    INSERT INTO orders VALUES (p_w_id, p_d_id, o_id, p_c_id, CURRENT_TIMESTAMP, NULL, v_count);
    INSERT INTO new_order (no_w_id, no_d_id, no_o_id) VALUES (p_w_id, p_d_id, o_id);
    o_total := 0;
    FOR i IN 1..v_count LOOP
        SELECT i_price INTO v_price FROM item WHERE i_id = p_items[i];
        IF NOT FOUND THEN
            RAISE EXCEPTION 'item % does not exist', p_items[i] USING HINT = 'roll back', ERRCODE = 'P0002';
        END IF;
        SELECT * INTO v_stock FROM stock WHERE s_w_id = p_w_id AND s_i_id = p_items[i] FOR UPDATE;
        v_stock.s_quantity := CASE WHEN v_stock.s_quantity >= p_quantities[i] + 10
                                   THEN v_stock.s_quantity - p_quantities[i]
                                   ELSE v_stock.s_quantity - p_quantities[i] + 91 END;
        UPDATE stock SET s_quantity = v_stock.s_quantity, s_ytd = s_ytd + p_quantities[i], s_order_cnt = s_order_cnt + 1
         WHERE s_w_id = p_w_id AND s_i_id = p_items[i];
        v_amount := p_quantities[i] * v_price;
        o_total := o_total + v_amount;
        INSERT INTO order_line (ol_w_id, ol_d_id, ol_o_id, ol_number, ol_i_id, ol_quantity, ol_amount)
        VALUES (p_w_id, p_d_id, o_id, i, p_items[i], p_quantities[i], v_amount);
    END LOOP;
    o_total := round(o_total * (1 - v_customer.c_discount) * (1 + v_tax), 2);
END;
$$;

CREATE FUNCTION payment(p_w_id integer, p_d_id integer, p_c_id integer, p_c_last text, p_amount numeric) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE
    v_id integer := p_c_id;
    v_rank integer;
    v_row record;
BEGIN
    UPDATE warehouse SET w_ytd = w_ytd + p_amount WHERE w_id = p_w_id;
    UPDATE district SET d_ytd = d_ytd + p_amount WHERE d_w_id = p_w_id AND d_id = p_d_id;
    IF p_c_last IS NOT NULL THEN
        SELECT count(*) INTO v_rank FROM customer WHERE c_w_id = p_w_id AND c_d_id = p_d_id AND c_last = p_c_last;
        SELECT c_id INTO v_id FROM (
            SELECT c_id, row_number() OVER (ORDER BY c_first, c_id) AS place FROM customer
             WHERE c_w_id = p_w_id AND c_d_id = p_d_id AND c_last = p_c_last
        ) named WHERE place = (v_rank + 1) / 2;
    END IF;
    UPDATE customer
       SET c_balance = c_balance - p_amount, c_ytd_payment = c_ytd_payment + p_amount, c_payment_cnt = c_payment_cnt + 1
     WHERE c_w_id = p_w_id AND c_d_id = p_d_id AND c_id = v_id
    RETURNING c_credit, c_data INTO v_row;
    IF v_row.c_credit = 'BC' THEN
        UPDATE customer SET c_data = substr(p_c_id::text || ' ' || p_amount::text || '|' || v_row.c_data, 1, 500)
         WHERE c_w_id = p_w_id AND c_d_id = p_d_id AND c_id = v_id;
    END IF;
    INSERT INTO history SELECT coalesce(max(h_id), 0) + 1, v_id, CURRENT_TIMESTAMP, p_amount, 'payment' FROM history;
    RETURN v_id;
END $body$;

CREATE FUNCTION order_status(p_w_id integer, p_d_id integer, p_c_id integer)
RETURNS TABLE (item integer, quantity integer, amount numeric(6,2)) STABLE LANGUAGE plpgsql AS '
DECLARE last_order integer;
BEGIN
    SELECT max(o_id) INTO last_order FROM orders WHERE o_w_id = p_w_id AND o_d_id = p_d_id AND o_c_id = p_c_id;
    RETURN QUERY SELECT ol_i_id, ol_quantity, ol_amount FROM order_line
        WHERE ol_w_id = p_w_id AND ol_d_id = p_d_id AND ol_o_id = last_order ORDER BY ol_number;
END';

CREATE PROCEDURE delivery(p_w_id integer, p_carrier integer, INOUT delivered integer DEFAULT 0)
LANGUAGE plpgsql AS $$
DECLARE
    v_order integer;
    v_customer integer;
    v_sum numeric(12,2);
BEGIN
    <<districts>>
    FOR v_district IN 1..10 LOOP
        SELECT min(no_o_id) INTO v_order FROM new_order WHERE no_w_id = p_w_id AND no_d_id = v_district;
        CONTINUE districts WHEN v_order IS NULL;
        DELETE FROM new_order WHERE no_w_id = p_w_id AND no_d_id = v_district AND no_o_id = v_order;
        UPDATE orders SET o_carrier_id = p_carrier
         WHERE o_w_id = p_w_id AND o_d_id = v_district AND o_id = v_order RETURNING o_c_id INTO STRICT v_customer;
        UPDATE order_line SET ol_delivery_d = CURRENT_TIMESTAMP
         WHERE ol_w_id = p_w_id AND ol_d_id = v_district AND ol_o_id = v_order;
        SELECT sum(ol_amount) INTO v_sum FROM order_line
         WHERE ol_w_id = p_w_id AND ol_d_id = v_district AND ol_o_id = v_order;
        UPDATE customer SET c_balance = c_balance + v_sum, c_delivery_cnt = c_delivery_cnt + 1
         WHERE c_w_id = p_w_id AND c_d_id = v_district AND c_id = v_customer;
        delivered := delivered + 1;
    END LOOP districts;
END $$;

CREATE FUNCTION stock_level(p_w_id integer, p_d_id integer, p_threshold integer) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_next integer;
    v_low bigint;
BEGIN
    SELECT d_next_o_id INTO v_next FROM district WHERE d_w_id = p_w_id AND d_id = p_d_id;
    SELECT count(DISTINCT s_i_id) INTO v_low FROM order_line JOIN stock ON s_w_id = ol_w_id AND s_i_id = ol_i_id
     WHERE ol_w_id = p_w_id AND ol_d_id = p_d_id AND ol_o_id BETWEEN v_next - 20 AND v_next - 1 AND s_quantity < p_threshold;
    RETURN v_low;
END $$;

CREATE PROCEDURE transfer(sender text, receiver text, amount numeric) LANGUAGE plpgsql AS $$
DECLARE
    left_over account.balance%TYPE;
BEGIN
    ASSERT amount > 0, format('%s is no amount', amount);
    UPDATE account SET balance = balance - amount WHERE id = sender RETURNING balance INTO left_over;
    IF left_over < 0 THEN RAISE check_violation USING MESSAGE = 'insufficient funds', DETAIL = left_over::text; END IF;
    UPDATE account SET balance = balance + amount WHERE id = receiver;
    IF NOT FOUND THEN RAISE 'no account "%" (100%%)', receiver; END IF;
END $$;

CREATE FUNCTION try_transfer(sender text, receiver text, amount numeric) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict error
DECLARE
    message text;
    state text;
BEGIN
    CALL transfer(sender, receiver, amount => $3);
    RETURN 'done';
EXCEPTION
    WHEN check_violation OR SQLSTATE 'P0001' THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, state := RETURNED_SQLSTATE;
        RETURN state || ': ' || message;
    WHEN others THEN
        RAISE WARNING USING MESSAGE = SQLERRM;
        RAISE;
END $$;

CREATE FUNCTION totals(limit_of_rows integer = 10) RETURNS SETOF line_total LANGUAGE plpgsql AS $$
DECLARE
    amounts CURSOR (least numeric) FOR
        SELECT ol_i_id AS item, sum(ol_amount) AS amount FROM order_line GROUP BY ol_i_id HAVING sum(ol_amount) > least ORDER BY 1;
    result line_total;
    turn integer = 0;
BEGIN
    FOR one IN amounts(least := 5.00) LOOP
        EXIT WHEN turn >= limit_of_rows;
        turn = turn + 1;
        result.item := one.item;
        result.amount := one.amount;
        RETURN NEXT result;
    END LOOP;
    RETURN;
END $$;

CREATE FUNCTION names_of(kind mood, tags text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
    tag text;
    found_tags text[] := ARRAY[]::text[];
    first ALIAS FOR $1;
BEGIN
    FOREACH tag IN ARRAY tags LOOP
        found_tags := array_append(found_tags, upper(tag));
    END LOOP;
    found_tags[1] := coalesce(found_tags[1], '') || '!';
    CASE first
        WHEN 'sad', 'ok' THEN RETURN 'so ' || found_tags[1 + 0];
        WHEN 'happy' THEN NULL;
    END CASE;
    CASE WHEN array_length(found_tags, 1) > 3 THEN RETURN 'many'; ELSE RETURN found_tags[array_length(found_tags, 1)]; END CASE;
END $$;

CREATE FUNCTION collatz(n bigint) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
<<whole>>
DECLARE steps integer := 0; value bigint := n;
BEGIN
    WHILE value <> 1 LOOP
        IF value % 2 = 0 THEN value := value / 2; ELSIF value > 1000000000 THEN EXIT whole; ELSE value := 3 * value + 1; END IF;
        steps := steps+1;  -- one more
    END LOOP;
    RETURN whole.steps;
END whole;
$$;

CREATE FUNCTION down(a integer, b integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE total integer := 0; rows_seen bigint;
BEGIN
    FOR i IN REVERSE a..b BY 2 LOOP
        total := total + i /* comment ; with /* nested */ signs */;
        CONTINUE WHEN i = 5;
        LOOP
            EXIT;
        END LOOP;
    END LOOP;
    PERFORM id FROM account WHERE "end" AND id <> ';';
    GET DIAGNOSTICS rows_seen = ROW_COUNT;
    DECLARE
        total text := 'inner';
    BEGIN
        RAISE NOTICE '% of %', total, rows_seen;
    END;
    RETURN total;
END $$;

CREATE FUNCTION richest(integer) RETURNS SETOF account LANGUAGE sql STABLE AS $$
    SELECT * FROM account ORDER BY balance DESC, id LIMIT $1;
$$;

CREATE FUNCTION pairs() RETURNS void LANGUAGE plpgsql AS $$
DECLARE a text; b numeric;
BEGIN
    FOR a, b IN WITH rich AS (SELECT id, balance FROM account WHERE balance > 10) SELECT id, balance FROM rich ORDER BY id LOOP
        INSERT INTO account (id, balance) SELECT a || '-copy', CASE WHEN b > 100 THEN 100 ELSE b END
        ON CONFLICT (id) DO UPDATE SET balance = excluded.balance;
    END LOOP;
    DELETE FROM account WHERE id LIKE '%-copy' AND balance = 0;
END $$;

CREATE SEQUENCE tickets START WITH 100 INCREMENT BY 10;
ALTER TYPE mood ADD VALUE 'bored' BEFORE 'ok';
DROP FUNCTION IF EXISTS nothing(integer, text);

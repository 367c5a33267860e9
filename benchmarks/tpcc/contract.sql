-- TPC-C, revision 5.11: its nine tables and five transactions, in the language of PostgreSQL 15.
-- Names of tables and columns are the specification's (clause 1.3); the profiles are those of clause 2.

CREATE TABLE warehouse (
    w_id integer PRIMARY KEY,
    w_name varchar(10) NOT NULL,
    w_street_1 varchar(20) NOT NULL,
    w_street_2 varchar(20) NOT NULL,
    w_city varchar(20) NOT NULL,
    w_state char(2) NOT NULL,
    w_zip char(9) NOT NULL,
    w_tax decimal(4, 4) NOT NULL,
    w_ytd decimal(12, 2) NOT NULL
);

CREATE TABLE district (
    d_w_id integer NOT NULL REFERENCES warehouse,
    d_id smallint NOT NULL,
    d_name varchar(10) NOT NULL,
    d_street_1 varchar(20) NOT NULL,
    d_street_2 varchar(20) NOT NULL,
    d_city varchar(20) NOT NULL,
    d_state char(2) NOT NULL,
    d_zip char(9) NOT NULL,
    d_tax decimal(4, 4) NOT NULL,
    d_ytd decimal(12, 2) NOT NULL,
    d_next_o_id integer NOT NULL,
    PRIMARY KEY (d_w_id, d_id)
);

CREATE TABLE customer (
    c_w_id integer NOT NULL,
    c_d_id smallint NOT NULL,
    c_id integer NOT NULL,
    c_first varchar(16) NOT NULL,
    c_middle char(2) NOT NULL,
    c_last varchar(16) NOT NULL,
    c_street_1 varchar(20) NOT NULL,
    c_street_2 varchar(20) NOT NULL,
    c_city varchar(20) NOT NULL,
    c_state char(2) NOT NULL,
    c_zip char(9) NOT NULL,
    c_phone char(16) NOT NULL,
    c_since timestamptz NOT NULL,
    c_credit char(2) NOT NULL CHECK (c_credit IN ('GC', 'BC')),
    c_credit_lim decimal(12, 2) NOT NULL,
    c_discount decimal(4, 4) NOT NULL,
    c_balance decimal(12, 2) NOT NULL,
    c_ytd_payment decimal(12, 2) NOT NULL,
    c_payment_cnt integer NOT NULL,
    c_delivery_cnt integer NOT NULL,
    c_data varchar(500) NOT NULL,
    PRIMARY KEY (c_w_id, c_d_id, c_id),
    FOREIGN KEY (c_w_id, c_d_id) REFERENCES district (d_w_id, d_id)
);

CREATE INDEX customer_name ON customer (c_w_id, c_d_id, c_last, c_first);

CREATE TABLE history (
    h_c_id integer NOT NULL,
    h_c_d_id smallint NOT NULL,
    h_c_w_id integer NOT NULL,
    h_d_id smallint NOT NULL,
    h_w_id integer NOT NULL,
    h_date timestamptz NOT NULL,
    h_amount decimal(6, 2) NOT NULL,
    h_data varchar(24) NOT NULL,
    FOREIGN KEY (h_c_w_id, h_c_d_id, h_c_id) REFERENCES customer (c_w_id, c_d_id, c_id),
    FOREIGN KEY (h_w_id, h_d_id) REFERENCES district (d_w_id, d_id)
);

CREATE TABLE orders (
    o_w_id integer NOT NULL,
    o_d_id smallint NOT NULL,
    o_id integer NOT NULL,
    o_c_id integer NOT NULL,
    o_entry_d timestamptz NOT NULL,
    o_carrier_id smallint,
    o_ol_cnt smallint NOT NULL,
    o_all_local smallint NOT NULL,
    PRIMARY KEY (o_w_id, o_d_id, o_id),
    FOREIGN KEY (o_w_id, o_d_id, o_c_id) REFERENCES customer (c_w_id, c_d_id, c_id)
);

CREATE INDEX orders_customer ON orders (o_w_id, o_d_id, o_c_id, o_id);

CREATE TABLE new_order (
    no_w_id integer NOT NULL,
    no_d_id smallint NOT NULL,
    no_o_id integer NOT NULL,
    PRIMARY KEY (no_w_id, no_d_id, no_o_id),
    FOREIGN KEY (no_w_id, no_d_id, no_o_id) REFERENCES orders (o_w_id, o_d_id, o_id)
);

CREATE TABLE item (
    i_id integer PRIMARY KEY,
    i_im_id integer NOT NULL,
    i_name varchar(24) NOT NULL,
    i_price decimal(5, 2) NOT NULL,
    i_data varchar(50) NOT NULL
);

CREATE TABLE stock (
    s_w_id integer NOT NULL REFERENCES warehouse,
    s_i_id integer NOT NULL REFERENCES item,
    s_quantity smallint NOT NULL,
    s_dist_01 char(24) NOT NULL,
    s_dist_02 char(24) NOT NULL,
    s_dist_03 char(24) NOT NULL,
    s_dist_04 char(24) NOT NULL,
    s_dist_05 char(24) NOT NULL,
    s_dist_06 char(24) NOT NULL,
    s_dist_07 char(24) NOT NULL,
    s_dist_08 char(24) NOT NULL,
    s_dist_09 char(24) NOT NULL,
    s_dist_10 char(24) NOT NULL,
    s_ytd decimal(8, 0) NOT NULL,
    s_order_cnt integer NOT NULL,
    s_remote_cnt integer NOT NULL,
    s_data varchar(50) NOT NULL,
    PRIMARY KEY (s_w_id, s_i_id)
);

CREATE TABLE order_line (
    ol_w_id integer NOT NULL,
    ol_d_id smallint NOT NULL,
    ol_o_id integer NOT NULL,
    ol_number smallint NOT NULL,
    ol_i_id integer NOT NULL,
    ol_supply_w_id integer NOT NULL,
    ol_delivery_d timestamptz,
    ol_quantity smallint NOT NULL,
    ol_amount decimal(6, 2) NOT NULL,
    ol_dist_info char(24) NOT NULL,
    PRIMARY KEY (ol_w_id, ol_d_id, ol_o_id, ol_number),
    FOREIGN KEY (ol_w_id, ol_d_id, ol_o_id) REFERENCES orders (o_w_id, o_d_id, o_id),
    FOREIGN KEY (ol_supply_w_id, ol_i_id) REFERENCES stock (s_w_id, s_i_id)
);

-- Clause 2.4.  An item that does not exist makes the whole order void.
CREATE FUNCTION new_order(
    warehouse_id integer,
    district_id integer,
    customer_id integer,
    item_ids integer[],
    supplier_ids integer[],
    quantities integer[]
) RETURNS TABLE (
    number smallint,
    name varchar(24),
    quantity_left smallint,
    brand text,
    price decimal(5, 2),
    amount decimal(6, 2),
    amount_so_far decimal,
    total decimal
) LANGUAGE plpgsql AS $$
DECLARE
    buyer customer%ROWTYPE;
    wanted item%ROWTYPE;
    supply stock%ROWTYPE;
    warehouse_tax warehouse.w_tax%TYPE;
    district_tax district.d_tax%TYPE;
    order_id orders.o_id%TYPE;
    lines CONSTANT integer := array_length(item_ids, 1);
    all_local smallint := 1;
    district_information char(24);
BEGIN
    SELECT w_tax INTO STRICT warehouse_tax FROM warehouse WHERE w_id = warehouse_id;
    SELECT * INTO STRICT buyer FROM customer
        WHERE c_w_id = warehouse_id AND c_d_id = district_id AND c_id = customer_id;
    UPDATE district SET d_next_o_id = d_next_o_id + 1 WHERE d_w_id = warehouse_id AND d_id = district_id
        RETURNING d_next_o_id - 1, d_tax INTO STRICT order_id, district_tax;
    FOR line IN 1 .. lines LOOP
        IF supplier_ids[line] <> warehouse_id THEN
            all_local := 0;
        END IF;
    END LOOP;
    INSERT INTO orders (o_w_id, o_d_id, o_id, o_c_id, o_entry_d, o_carrier_id, o_ol_cnt, o_all_local)
        VALUES (warehouse_id, district_id, order_id, customer_id, CURRENT_TIMESTAMP, NULL, lines, all_local);
    INSERT INTO new_order (no_w_id, no_d_id, no_o_id) VALUES (warehouse_id, district_id, order_id);
    FOR line IN 1 .. lines LOOP
        SELECT * INTO wanted FROM item WHERE i_id = item_ids[line];
        IF NOT FOUND THEN
            RAISE EXCEPTION 'Item number is not valid: %', item_ids[line] USING ERRCODE = 'TPC01';
        END IF;
        UPDATE stock SET
            s_quantity = s_quantity - quantities[line]
                + CASE WHEN s_quantity >= quantities[line] + 10 THEN 0 ELSE 91 END,
            s_ytd = s_ytd + quantities[line],
            s_order_cnt = s_order_cnt + 1,
            s_remote_cnt = s_remote_cnt + CASE WHEN supplier_ids[line] <> warehouse_id THEN 1 ELSE 0 END
            WHERE s_w_id = supplier_ids[line] AND s_i_id = item_ids[line]
            RETURNING * INTO STRICT supply;
        district_information := CASE district_id
            WHEN 1 THEN supply.s_dist_01
            WHEN 2 THEN supply.s_dist_02
            WHEN 3 THEN supply.s_dist_03
            WHEN 4 THEN supply.s_dist_04
            WHEN 5 THEN supply.s_dist_05
            WHEN 6 THEN supply.s_dist_06
            WHEN 7 THEN supply.s_dist_07
            WHEN 8 THEN supply.s_dist_08
            WHEN 9 THEN supply.s_dist_09
            ELSE supply.s_dist_10
        END;
        INSERT INTO order_line (
            ol_w_id, ol_d_id, ol_o_id, ol_number, ol_i_id, ol_supply_w_id, ol_delivery_d, ol_quantity, ol_amount,
            ol_dist_info
        ) VALUES (
            warehouse_id, district_id, order_id, line, item_ids[line], supplier_ids[line], NULL, quantities[line],
            quantities[line] * wanted.i_price, district_information
        );
    END LOOP;
    RETURN QUERY
        SELECT
            ol_number,
            i_name,
            s_quantity,
            CASE WHEN i_data LIKE '%ORIGINAL%' AND s_data LIKE '%ORIGINAL%' THEN 'B' ELSE 'G' END,
            i_price,
            ol_amount,
            sum(ol_amount) OVER (ORDER BY ol_number),
            round(sum(ol_amount) OVER () * (1 - buyer.c_discount) * (1 + warehouse_tax + district_tax), 2)
        FROM order_line
        JOIN item ON i_id = ol_i_id
        JOIN stock ON s_w_id = ol_supply_w_id AND s_i_id = ol_i_id
        WHERE ol_w_id = warehouse_id AND ol_d_id = district_id AND ol_o_id = order_id
        ORDER BY ol_number;
END
$$;

-- Clauses 2.5.2.2 and 2.6.2.2: of the customers of a last name, by first name, the one in the middle.
CREATE FUNCTION customer_named(warehouse_id integer, district_id integer, last_name text) RETURNS integer
LANGUAGE plpgsql STABLE AS $$
DECLARE
    chosen integer;
BEGIN
    SELECT c_id INTO STRICT chosen FROM (
        SELECT c_id, row_number() OVER (ORDER BY c_first, c_id) AS place, count(*) OVER () AS namesakes
        FROM customer
        WHERE c_w_id = warehouse_id AND c_d_id = district_id AND c_last = last_name
    ) AS named
    WHERE place = (namesakes + 1) / 2;
    RETURN chosen;
END
$$;

-- Clause 2.5.  The customer is given by number, or by last name where the number is NULL.
CREATE PROCEDURE payment(
    warehouse_id integer,
    district_id integer,
    customer_warehouse_id integer,
    customer_district_id integer,
    INOUT customer_id integer,
    last_name text,
    amount decimal(6, 2),
    OUT balance decimal(12, 2),
    OUT credit text
) LANGUAGE plpgsql AS $$
DECLARE
    payer customer%ROWTYPE;
    warehouse_name warehouse.w_name%TYPE;
    district_name district.d_name%TYPE;
BEGIN
    UPDATE warehouse SET w_ytd = w_ytd + amount WHERE w_id = warehouse_id RETURNING w_name INTO STRICT warehouse_name;
    UPDATE district SET d_ytd = d_ytd + amount WHERE d_w_id = warehouse_id AND d_id = district_id
        RETURNING d_name INTO STRICT district_name;
    IF customer_id IS NULL THEN
        customer_id := customer_named(customer_warehouse_id, customer_district_id, last_name);
    END IF;
    UPDATE customer SET
        c_balance = c_balance - amount,
        c_ytd_payment = c_ytd_payment + amount,
        c_payment_cnt = c_payment_cnt + 1
        WHERE c_w_id = customer_warehouse_id AND c_d_id = customer_district_id AND c_id = customer_id
        RETURNING * INTO STRICT payer;
    IF payer.c_credit = 'BC' THEN
        UPDATE customer SET c_data = left(
            concat_ws(
                ' ', customer_id, customer_district_id, customer_warehouse_id, district_id, warehouse_id, amount, c_data
            ),
            500
        ) WHERE c_w_id = customer_warehouse_id AND c_d_id = customer_district_id AND c_id = customer_id;
    END IF;
    INSERT INTO history (h_c_id, h_c_d_id, h_c_w_id, h_d_id, h_w_id, h_date, h_amount, h_data) VALUES (
        customer_id, customer_district_id, customer_warehouse_id, district_id, warehouse_id, CURRENT_TIMESTAMP, amount,
        warehouse_name || '    ' || district_name
    );
    balance := payer.c_balance;
    credit := payer.c_credit;
END
$$;

-- Clause 2.6: the lines of a customer's last order.
CREATE FUNCTION order_status(warehouse_id integer, district_id integer, customer_id integer, last_name text)
RETURNS TABLE (
    customer integer,
    balance decimal(12, 2),
    order_id integer,
    entered timestamptz,
    carrier smallint,
    item_id integer,
    supplier_id integer,
    quantity smallint,
    amount decimal(6, 2),
    delivered timestamptz
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    asker customer%ROWTYPE;
    latest orders%ROWTYPE;
BEGIN
    IF customer_id IS NULL THEN
        customer_id := customer_named(warehouse_id, district_id, last_name);
    END IF;
    SELECT * INTO STRICT asker FROM customer
        WHERE c_w_id = warehouse_id AND c_d_id = district_id AND c_id = customer_id;
    SELECT * INTO latest FROM orders
        WHERE o_w_id = warehouse_id AND o_d_id = district_id AND o_c_id = customer_id
        ORDER BY o_id DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT
            asker.c_id, asker.c_balance, latest.o_id, latest.o_entry_d, latest.o_carrier_id, ol_i_id, ol_supply_w_id,
            ol_quantity, ol_amount, ol_delivery_d
        FROM order_line
        WHERE ol_w_id = warehouse_id AND ol_d_id = district_id AND ol_o_id = latest.o_id
        ORDER BY ol_number;
END
$$;

-- Clause 2.7: the oldest order that waits in each district.
CREATE PROCEDURE delivery(warehouse_id integer, carrier_id integer, OUT delivered integer, OUT skipped integer)
LANGUAGE plpgsql AS $$
DECLARE
    oldest orders.o_id%TYPE;
    receiver orders.o_c_id%TYPE;
    total decimal(12, 2);
BEGIN
    delivered := 0;
    skipped := 0;
    FOR district_id IN 1 .. 10 LOOP
        SELECT no_o_id INTO oldest FROM new_order
            WHERE no_w_id = warehouse_id AND no_d_id = district_id
            ORDER BY no_o_id LIMIT 1;
        IF NOT FOUND THEN
            skipped := skipped + 1;
            CONTINUE;
        END IF;
        DELETE FROM new_order WHERE no_w_id = warehouse_id AND no_d_id = district_id AND no_o_id = oldest;
        UPDATE orders SET o_carrier_id = carrier_id
            WHERE o_w_id = warehouse_id AND o_d_id = district_id AND o_id = oldest
            RETURNING o_c_id INTO STRICT receiver;
        UPDATE order_line SET ol_delivery_d = CURRENT_TIMESTAMP
            WHERE ol_w_id = warehouse_id AND ol_d_id = district_id AND ol_o_id = oldest;
        SELECT sum(ol_amount) INTO STRICT total FROM order_line
            WHERE ol_w_id = warehouse_id AND ol_d_id = district_id AND ol_o_id = oldest;
        UPDATE customer SET c_balance = c_balance + total, c_delivery_cnt = c_delivery_cnt + 1
            WHERE c_w_id = warehouse_id AND c_d_id = district_id AND c_id = receiver;
        delivered := delivered + 1;
    END LOOP;
END
$$;

-- Clause 2.8: how many items of the last twenty orders are running short.
CREATE FUNCTION stock_level(warehouse_id integer, district_id integer, threshold integer) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    next_order district.d_next_o_id%TYPE;
    low bigint;
BEGIN
    SELECT d_next_o_id INTO STRICT next_order FROM district WHERE d_w_id = warehouse_id AND d_id = district_id;
    SELECT count(DISTINCT s_i_id) INTO low
        FROM order_line
        JOIN stock ON s_w_id = warehouse_id AND s_i_id = ol_i_id
        WHERE ol_w_id = warehouse_id AND ol_d_id = district_id
            AND ol_o_id >= next_order - 20 AND ol_o_id < next_order
            AND s_quantity < threshold;
    RETURN low;
END
$$;

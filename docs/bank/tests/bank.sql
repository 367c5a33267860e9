-- deploy: ../bank.sql

-- as: alice
CALL bank.open_account(1);
-- as: bob
CALL bank.open_account(2);
-- as: owner
CALL bank.deposit(1, 100);

-- test: a transfer moves money and says so
-- as: alice
-- event: bank.transferred {"payer": 1, "payee": 2, "amount": "30.00"}
CALL bank.transfer(1, 2, 30);
-- as: owner
ASSERT (SELECT balance FROM bank.account WHERE id = 1) = 70;
ASSERT (SELECT balance FROM bank.account WHERE id = 2) = 30;

-- test: nobody spends more than there is
-- as: alice
-- error: BANK1 account 1 has 100.00 left
CALL bank.transfer(1, 2, 100.01);
-- as: owner
ASSERT (SELECT SUM(balance) FROM bank.account) = 100, 'money came from nowhere';

-- test: nobody spends what is another's, or what does not exist
-- as: bob
-- error: insufficient_privilege belongs to another
CALL bank.transfer(1, 2, 1);
-- error: no_data_found account 3
CALL bank.transfer(3, 2, 1);

-- test: an amount is above zero
-- as: alice
-- error: invalid_parameter_value
CALL bank.transfer(1, 2, -5);

-- test: a failed call leaves nothing behind
-- as: alice
-- error: no_data_found account 3
CALL bank.transfer(1, 3, 1);
-- as: owner
ASSERT (SELECT balance FROM bank.account WHERE id = 1) = 100;

-- test: customers change no row themselves
-- as: bob
-- error: insufficient_privilege
UPDATE bank.account SET balance = 1000000 WHERE id = 2;
-- error: insufficient_privilege
CALL bank.note('deposit', 2, 1000000);

-- test: tellers take deposits
-- as: carol
-- error: insufficient_privilege
CALL bank.deposit(2, 50);
-- as: owner
GRANT EXECUTE ON PROCEDURE bank.deposit TO carol;
-- as: carol
CALL bank.deposit(2, 50);
-- error: no_data_found
CALL bank.deposit(3, 50);
-- as: owner
ASSERT (SELECT balance FROM bank.account WHERE id = 2) = 50;

-- test: held money cannot be spent until its hour has passed
-- as: alice
-- at: 2026-03-01 12:00:00
CALL bank.hold_money(1, 1, 80);
-- error: BANK1 has 20.00 left
CALL bank.transfer(1, 2, 50);
-- error: BANK1
CALL bank.hold_money(2, 1, 20.01);
-- at: 2026-03-01 12:59:59
SELECT bank.release_expired();
-- as: owner
ASSERT bank.available(1) = 20;
-- as: alice
-- at: 2026-03-01 13:00:00
SELECT bank.release_expired();
CALL bank.transfer(1, 2, 50);
-- as: owner
ASSERT bank.available(1) = 50;

-- test: the audit knows who did what, and when
-- as: alice
-- at: 2026-03-01 12:00:00
CALL bank.transfer(1, 2, 30);
-- as: owner
ASSERT (SELECT who FROM bank.audit WHERE number = 4) = 'alice';
ASSERT (SELECT what FROM bank.audit WHERE number = 5) = 'receive';
ASSERT (SELECT at FROM bank.audit WHERE number = 5) = TIMESTAMPTZ '2026-03-01 12:00:00+00';

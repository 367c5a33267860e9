-- deploy: ../first/bank.sql

-- as: alice
-- at: 2026-02-01 09:00:00
CALL bank.open_account(1);
-- as: owner
CALL bank.deposit(1, 100);
-- deploy: ../bank.sql

-- test: accounts keep their money and learn when they were opened
ASSERT (SELECT balance FROM bank.account WHERE id = 1) = 100;
ASSERT (SELECT opened FROM bank.account WHERE id = 1) = TIMESTAMPTZ '2026-02-01 09:00:00+00';

-- test: what customers were granted holds
-- as: alice
CALL bank.hold_money(1, 1, 30);
-- as: bob
CALL bank.open_account(2);
-- as: alice
CALL bank.transfer(1, 2, 70);

-- test: only the owner deploys
-- as: bob
-- error: insufficient_privilege
-- deploy: ../bank.sql

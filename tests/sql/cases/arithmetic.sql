SELECT 1 + 2 * 3;
-- 7

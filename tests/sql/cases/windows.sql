-- Window functions.

CREATE TABLE t (id int PRIMARY KEY, g text, n int);
INSERT INTO t VALUES (1, 'a', 10), (2, 'a', 20), (3, 'a', 20), (4, 'b', 5), (5, 'b', NULL);

-- case: numbers of rows
SELECT id, row_number() OVER (ORDER BY id DESC) FROM t ORDER BY id;
-- 1|5
-- 2|4
-- 3|3
-- 4|2
-- 5|1
SELECT id, row_number() OVER (PARTITION BY g ORDER BY n, id), rank() OVER (PARTITION BY g ORDER BY n), dense_rank() OVER (PARTITION BY g ORDER BY n) FROM t ORDER BY id;
-- 1|1|1|1
-- 2|2|2|2
-- 3|3|2|2
-- 4|1|1|1
-- 5|2|2|2

-- case: running sums take equals together
SELECT id, sum(n) OVER (PARTITION BY g ORDER BY n), sum(n) OVER (PARTITION BY g) FROM t ORDER BY id;
-- 1|10|50
-- 2|50|50
-- 3|50|50
-- 4|5|5
-- 5|5|5
SELECT id, sum(n) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t ORDER BY id;
-- 1|10
-- 2|30
-- 3|40
-- 4|25
-- 5|5
SELECT id, sum(n) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING), count(*) OVER () FROM t ORDER BY id;
-- 1|10|5
-- 2|30|5
-- 3|50|5
-- 4|55|5
-- 5|55|5

-- case: rows before and after
SELECT id, lag(n) OVER (ORDER BY id), lead(n) OVER (ORDER BY id), lag(n, 2, -1) OVER (ORDER BY id) FROM t ORDER BY id;
-- 1|∅|20|-1
-- 2|10|20|-1
-- 3|20|5|10
-- 4|20|∅|20
-- 5|5|∅|20

-- case: first and last values
SELECT id, first_value(n) OVER w, last_value(n) OVER w FROM t WINDOW w AS (PARTITION BY g ORDER BY id) ORDER BY id;
-- 1|10|10
-- 2|10|20
-- 3|10|20
-- 4|5|5
-- 5|5|∅
SELECT id, last_value(n) OVER (PARTITION BY g ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM t ORDER BY id;
-- 1|20
-- 2|20
-- 3|20
-- 4|∅
-- 5|∅

-- case: other ranks
SELECT id, ntile(2) OVER (ORDER BY id) FROM t ORDER BY id;
-- 1|1
-- 2|1
-- 3|1
-- 4|2
-- 5|2
SELECT id, percent_rank() OVER (ORDER BY id), cume_dist() OVER (ORDER BY id) FROM t ORDER BY id;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 1|0|0.2
-- 2|0.25|0.4
-- 3|0.5|0.6
-- 4|0.75|0.8
-- 5|1|1
SELECT id, nth_value(n, 2) OVER (ORDER BY id) FROM t ORDER BY id;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 1|∅
-- 2|20
-- 3|20
-- 4|20
-- 5|20

-- case: windows over groups
SELECT g, sum(n), sum(sum(n)) OVER (ORDER BY g) FROM t GROUP BY g ORDER BY g;
-- a|50|50
-- b|5|55

-- case: a window may not stand in WHERE
SELECT id FROM t WHERE row_number() OVER (ORDER BY id) = 1;
-- ERROR 42P20
SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY g ORDER BY id) AS r FROM t) AS s WHERE r = 1 ORDER BY id;
-- 1
-- 4

-- case: FILTER in a window
SELECT id, count(n) FILTER (WHERE n > 5) OVER (ORDER BY id) FROM t ORDER BY id;
-- 1|1
-- 2|2
-- 3|3
-- 4|3
-- 5|3

-- case: avg, min and max over windows
SELECT id, avg(n) OVER (PARTITION BY g), min(n) OVER (ORDER BY id), max(n) OVER (ORDER BY id DESC) FROM t ORDER BY id;
-- 1|16.6666666666666667|10|20
-- 2|16.6666666666666667|10|20
-- 3|16.6666666666666667|10|20
-- 4|5.0000000000000000|5|5
-- 5|5.0000000000000000|5|∅

-- case: windows of a named window
SELECT id, sum(n) OVER (w ORDER BY id) FROM t WINDOW w AS (PARTITION BY g) ORDER BY id;
-- 1|10
-- 2|30
-- 3|50
-- 4|5
-- 5|5

-- case: window functions that do not exist or lack OVER
SELECT row_number() FROM t;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- ERROR 42809
SELECT lower(g) OVER () FROM t;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- ERROR 42809

-- case: NULLs in the order of windows
SELECT id, rank() OVER (ORDER BY n DESC), rank() OVER (ORDER BY n NULLS FIRST) FROM t ORDER BY id;
-- 1|4|3
-- 2|2|4
-- 3|2|4
-- 4|5|2
-- 5|1|1

-- case: frames of ranges and groups
SELECT id, count(*) OVER (ORDER BY g RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), count(*) OVER (ORDER BY g GROUPS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) FROM t ORDER BY id;
-- 1|3|5
-- 2|3|5
-- 3|3|5
-- 4|5|2
-- 5|5|2

-- case: string_agg over a window
SELECT id, string_agg(g, '' ) OVER (ORDER BY id) FROM t ORDER BY id;
-- ERROR 0A000
-- differs: Whatever is not listed here is refused
-- 1|a
-- 2|aa
-- 3|aaa
-- 4|aaab
-- 5|aaabb

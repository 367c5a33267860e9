-- json and jsonb: as PostgreSQL 15 answers.

-- case: documents one after another
SELECT '{"b":1,"aa":[1, 2.50,null,true],"a":"x\u00e9\n"}'::jsonb, '[1,2]'::json, '1e2'::jsonb, '-0'::jsonb, '1.10'::jsonb, '"a"'::jsonb, 'null'::jsonb, '{"a":1,"a":2}'::jsonb;
-- {"a": "xé\\n", "b": 1, "aa": [1, 2.50, null, true]}|[1,2]|100|0|1.10|"a"|null|{"a": 2}
SELECT '{"a":{"b":[10,20]}}'::jsonb->'a'->'b'->1, '{"a":{"b":[10,20]}}'::jsonb->'a'->>'b', '{"a":{"b":[10,20]}}'::jsonb#>'{a,b,0}', '{"a":{"b":[10,"x"]}}'::jsonb#>>'{a,b,1}', '[1,2,3]'::jsonb->-1, '[1]'::jsonb->5, '{"a":null}'::jsonb->>'a', '{"a":null}'::jsonb->'a';
-- 20|[10, 20]|10|x|3|∅|∅|null
SELECT jsonb_build_object('a',1,'b',ARRAY[1,2],'c',NULL,'d',true,'e',1.50,'f',date '2024-01-01','g',timestamp '2024-01-01 10:00:00','h',timestamptz '2024-01-01 10:00:00+00','i','{"x":1}'::jsonb), jsonb_build_array(1,'a',NULL,2.5), jsonb_build_array(), jsonb_build_object();
-- {"a": 1, "b": [1, 2], "c": null, "d": true, "e": 1.50, "f": "2024-01-01", "g": "2024-01-01T10:00:00", "h": "2024-01-01T10:00:00+00:00", "i": {"x": 1}}|[1, "a", null, 2.5]|[]|{}
SELECT to_jsonb(1), to_jsonb('a'::text), to_jsonb(ARRAY[1.5,NULL]), to_jsonb(true), to_jsonb(0.1::float8), to_jsonb(1e20::float8), to_jsonb(1.5::real);
-- 1|"a"|[1.5, null]|true|0.1|100000000000000000000|1.5
SELECT jsonb_array_length('[1,2,3]'::jsonb), jsonb_typeof('1'::jsonb), jsonb_typeof('[]'::jsonb), jsonb_typeof('null'::jsonb);
-- 3|number|array|null
SELECT jsonb_array_length('{}'::jsonb);
-- ERROR 22023
SELECT value FROM jsonb_array_elements('[1,"a",{"b":2}]'::jsonb);
-- 1
-- "a"
-- {"b": 2}
SELECT e FROM jsonb_array_elements_text('[1,"a",null]'::jsonb) e;
-- 1
-- a
-- ∅
SELECT k FROM jsonb_object_keys('{"bb":1,"a":2}'::jsonb) k;
-- a
-- bb
SELECT t.id, e->>'n' FROM (VALUES (1,'[{"n":"x"},{"n":"y"}]'::jsonb)) t(id,j), jsonb_array_elements(t.j) e;
-- 1|x
-- 1|y
SELECT jsonb_agg(x ORDER BY x DESC), jsonb_agg(w ORDER BY x) FROM (VALUES (1,'a'),(2,NULL)) v(x,w);
-- [2, 1]|["a", null]
SELECT jsonb_agg(x ORDER BY x) FROM (VALUES (1)) v(x) WHERE false;
-- ∅
SELECT '{"a":1,"b":2}'::jsonb @> '{"a":1}', '[1,2,3]'::jsonb @> '[3,1]', '[1,[2]]'::jsonb @> '1', '{"a":1}'::jsonb <@ '{"a":1,"b":2}', '{"a":1}'::jsonb ? 'a', '["a"]'::jsonb ? 'a', '[1]'::jsonb @> '[1.0]';
-- t|t|t|t|t|t|t
SELECT '{"a":1}'::jsonb = '{"a": 1.0}'::jsonb, '[1]'::jsonb <> '[2]'::jsonb, '{"a":1,"b":2}'::jsonb = '{"b":2,"a":1}'::jsonb;
-- t|t|t
SELECT '{"a":1}'::jsonb || '{"b":2}'::jsonb, '[1]'::jsonb || '2'::jsonb, '[1]'::jsonb || '[2]';
-- {"a": 1, "b": 2}|[1, 2]|[1, 2]
SELECT '{"a":1}'::jsonb::text, '{"b": 1,  "a":2}'::json::jsonb, '1.5'::jsonb::numeric, '2.5'::jsonb::int, 'true'::jsonb::boolean, '{"x":1}'::json::text;
-- {"a": 1}|{"a": 2, "b": 1}|1.5|3|t|{"x":1}
SELECT '"a"'::jsonb::int;
-- ERROR 22023
SELECT '{a}'::jsonb;
-- ERROR 22P02
SELECT '[1,]'::json;
-- ERROR 22P02
SELECT '{"a":1}'::json = '{"a":1}'::json;
-- ERROR 42883
SELECT count(*) FROM (SELECT DISTINCT j FROM (VALUES ('1'::jsonb),('1.0'),('2')) v(j)) s;
-- 2
CREATE TABLE js (id int primary key, j jsonb, k json);
INSERT INTO js VALUES (1, '{"z":1, "a":[1,2]}', '{"z":1, "a":[1,2]}'), (2, NULL, NULL);
-- INSERT 2
SELECT * FROM js ORDER BY id;
-- 1|{"a": [1, 2], "z": 1}|{"z":1, "a":[1,2]}
-- 2|∅|∅
SELECT j->>'z' FROM js WHERE j @> '{"z":1}';
-- 1
UPDATE js SET j = jsonb_build_object('n', id) WHERE id = 2 RETURNING j;
-- {"n": 2}
SELECT '{"n":"12.50"}'::jsonb->>'n';
-- 12.50
SELECT ('{"n":12.50}'::jsonb->>'n')::numeric * 2;
-- 25.00
SELECT '   {"a" : [ ] , "b" : { } } '::jsonb;
-- {"a": [], "b": {}}
SELECT '"\ud83d\ude00\t\u001f\u007f"'::jsonb;
-- "😀\\t\\u001f"
SELECT 'a' || ('{"x":"y"}'::jsonb->>'x');
-- ay

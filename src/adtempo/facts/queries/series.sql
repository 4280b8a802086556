-- The entities a batch talks about: a name-based UUID of the key (MD5, the same for ever), and a number in the order of
-- the files, so that differences are taken on two integers and not on eight texts.
CREATE OR REPLACE TEMP VIEW incoming_entities AS
SELECT *, CASE level WHEN 'ad' THEN ad_id WHEN 'ad_group' THEN ad_group_id ELSE campaign_id END AS entity_id
FROM incoming;

CREATE TEMP VIEW IF NOT EXISTS incoming_series AS
SELECT DISTINCT {{ series_key | join(", ") }} FROM incoming_entities;

CREATE OR REPLACE TEMP TABLE all_series AS
SELECT
    (row_number() OVER (ORDER BY {{ series_key | join(", ") }}))::INTEGER AS number,
    md5(concat_ws(chr(31), {{ series_key | join(", ") }}))::UUID AS series,
    *
FROM incoming_series;

-- One part of a batch, by campaign.
CREATE OR REPLACE TEMP VIEW part AS
SELECT *, CASE level WHEN 'ad' THEN ad_id WHEN 'ad_group' THEN ad_group_id ELSE campaign_id END AS entity_id
FROM incoming
WHERE campaign_id BETWEEN getvariable('first') AND getvariable('last');

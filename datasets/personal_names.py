"""Words that names are made of, and words that are none although they stand where a name may stand.

The commonest given names in English-speaking countries and the commonest Chinese surnames are public statistics (US
Social Security Administration, UK Office for National Statistics, Ministry of Public Security of China).
"""

from __future__ import annotations

__all__ = ["GIVEN", "NO_NAMES", "NO_SURNAMES", "SURNAMES"]

_GIVEN = """James John Robert Michael William David Richard Joseph Thomas Charles Christopher Daniel Matthew Anthony Mark
    Donald Steven Paul Andrew Joshua Kenneth Kevin Brian George Timothy Ronald Edward Jason Jeffrey Ryan Jacob Gary
    Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Frank Alexander Raymond Patrick
    Jack Dennis Jerry Tyler Aaron Jose Adam Nathan Henry Douglas Zachary Peter Kyle Walter Ethan Jeremy Harold Keith
    Christian Roger Noah Gerald Carl Terry Sean Austin Arthur Lawrence Jesse Dylan Bryan Joe Jordan Billy Bruce Albert
    Willie Gabriel Logan Alan Juan Wayne Roy Ralph Randy Eugene Vincent Russell Louis Philip Bobby Johnny Oliver Harry
    Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Margaret Sandra Ashley
    Kimberly Emily Donna Michelle Dorothy Carol Amanda Melissa Deborah Stephanie Rebecca Sharon Laura Cynthia Kathleen
    Amy Angela Shirley Anna Brenda Pamela Emma Nicole Helen Samantha Katherine Christine Debra Rachel Carolyn Janet
    Catherine Maria Heather Diane Ruth Julie Olivia Joyce Virginia Victoria Kelly Lauren Christina Joan Evelyn Judith
    Megan Andrea Cheryl Hannah Jacqueline Martha Gloria Teresa Ann Sara Madison Frances Kathryn Janice Jean Abigail
    Alice Julia Judy Sophia Grace Denise Amber Doris Marilyn Danielle Beverly Isabella Theresa Diana Natalie Brittany
    Charlotte Marie Kayla Alexis Lori Lucy Chloe Sophie Jane Ella Liam Mason Lucas Leo Oscar Archie Freddie Alfie
    Mohammed Muhammad Ahmed Ali Fatima Aisha Priya Raj Wei Ming Carlos Luis Ana Pedro Ivan Olga Hans Klaus Pierre"""
GIVEN = frozenset(_GIVEN.split())
"""Given names."""

_NO_NAMES = """sir madam sirs customer customers client team all friend friends colleague colleagues doctor teacher parent
    parents student students pupil user users member members valued subscriber winner lover love baby mum mom dad
    everyone anyone nobody none unknown not no yes the this that these those a an and or but of in on at to for from
    with is was were are be been has had have will would can could should may please thank thanks i you he she it we
    they my your his her our their who which what when where why how if so then there here january february march april
    may june july august september october november december monday tuesday wednesday thursday friday saturday sunday
    he she patient male female age aged denies reports presents complains states history new old fine sorry
    currently today yesterday tomorrow also very still just only always never"""
NO_NAMES = frozenset(_NO_NAMES.split())
"""Words, in small letters, with which no name goes on."""

SURNAMES = (
    *"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪",
    *"田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易武乔贺赖龚",
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "皇甫",
)
"""Surnames; 于, 常, 文, 时 and the like are left out, because they are words first."""

NO_SURNAMES = (
    "高年级", "高中", "高一", "高二", "高三", "高烧", "高热", "高血压", "高龄", "方法", "方面", "白天", "白细胞", "黄色", "黄疸",
    "金额", "金属", "石头", "万一", "江苏", "江西", "江南", "龙头", "马上", "马路", "毛病", "雷同", "钱数", "汤药", "田地", "任何",
    "任意", "任务", "何时", "何种", "何况", "程度", "程序", "许多", "余下", "余数", "易感", "易于", "武汉", "夏天", "夏季", "叶子",
    "周围", "周末", "周一", "周二", "周三", "周四", "周五", "周六", "周日", "周岁", "康复", "段时", "曾经", "曾有", "曾患", "胡乱",
    "顾客", "林业", "高度", "高等", "高级", "高压", "石英", "黄昏", "白色", "白班", "金牌", "和", "方程", "史", "孔径", "钟表",
    "钟头", "杨树", "柳树", "李子", "苏州", "郑州", "徐州", "唐朝", "宋朝", "秦朝", "陈述", "陈旧", "谢谢", "魏晋", "万元",
)  # fmt: skip
"""Words that begin like a name."""

//! Speech outside the phrase lists: what must be answered with `unclear`.
//!
//! One list for tuning the limits, another one for the report; neither holds a phrase or a decoy,
//! nor what sounds like a reply: whoever says “buy” cannot be told from whoever says “bye”.

use domain::Language;

/// Texts outside the list of a language: first the short ones (one to three syllables), then
/// sentences.
pub struct OutOfList {
    /// One to three syllables.
    pub short: Vec<&'static str>,
    /// Whole sentences.
    pub long: Vec<&'static str>,
}

/// The texts that limits are tuned on.
pub fn for_tuning(language: Language) -> OutOfList {
    match language {
        Language::Zh => split(ZH_TUNING_SHORT, ZH_TUNING_LONG),
        Language::En => split(EN_TUNING_SHORT, EN_TUNING_LONG),
    }
}

/// The texts of the report.
pub fn for_report(language: Language) -> OutOfList {
    match language {
        Language::Zh => split(ZH_REPORT_SHORT, ZH_REPORT_LONG),
        Language::En => split(EN_REPORT_SHORT, EN_REPORT_LONG),
    }
}

fn split(short: &'static str, long: &'static str) -> OutOfList {
    let texts = |list: &'static str| list.split('|').map(str::trim).collect();
    OutOfList { short: texts(short), long: texts(long) }
}

const ZH_TUNING_SHORT: &str = "\
大 | 门 | 书 | 火 | 车 | 鱼 | 白 | 五 | 山 | 狗 | 今天 | 明白人 | 电脑 | 北京 | 桌子 | \
唱歌 | 十二 | 跑步 | 米饭 | 绿色 | 冬天 | 妈妈 | 钥匙 | 便宜 | 很远 | 洗手 | 开门 | \
飞机票 | 太热了 | 早上 | 蛋糕 | 写字 | 图书馆 | 不知 | 好吃 | 是非 | 对面 | 没有钱 | 你们 | \
他说 | 腿 | 云彩 | 牙 | 船 | 盐 | 梨 | 床 | 锅 | 伞 | 鼓 | 砖 | 井 | 墙 | 桥 | 猪 | 虎 | \
龙 | 蛇 | 羊 | 竹 | 雷 | 冰 | 霜 | 烟 | 泥 | 沙 | 葱 | 池 | 塘 | 杯 | 盘 | 碗 | 刀 | 剑 | \
箱 | 柜 | 绳 | 针 | 线 | 箭 | 窗帘 | 毛巾 | 牙膏 | 肥皂 | 镜子 | 梳子 | 剪刀 | 锤子 | \
螺丝 | 油漆 | 木头 | 石头 | 玻璃 | 塑料 | 橡皮 | 铅笔 | 尺子 | 书包 | 课本 | 黑板 | 操场 | \
宿舍 | 食堂 | 教室 | 校长 | 农民 | 工人 | 画家 | 厨师 | 导游 | 演员 | 歌手 | 邻居 | 客人 | \
奶奶 | 姑姑 | 表弟 | 侄女 | 蝴蝶 | 蜜蜂 | 蚂蚁 | 乌龟 | 老鼠 | 松树 | 荷花 | 葡萄 | 草莓 | \
菠萝 | 黄瓜 | 萝卜 | 豆腐 | 辣椒 | 生姜 | 酱油 | 馒头 | 油条 | 火锅 | 烤鸭 | 蜂蜜 | \
写完了 | 洗头发 | 骑单车 | 打喷嚏 | 晒太阳 | 下楼梯 | 三千米 | 第五页 | 靠窗户 | 红围巾 | \
大西洋 | 小松鼠 | 羽毛球 | 旧家具 | 白衬衫 | 热咖啡 | 动物园 | 电冰箱 | 天安门 | 邮递员";
const ZH_TUNING_LONG: &str = "\
昨天下午我们去公园散步了 | 这个季节的西瓜特别甜 | 我儿子今年上小学三年级 | \
火车晚点了半个小时 | 墙上挂着一幅山水画 | 楼下新开了一家面馆味道不错 | \
他买了一辆二手自行车 | 周末打算在家里看书 | 猫把花瓶打碎了 | 外面的风越来越大 | \
电视的声音太吵了 | 这条路一直走到底再左转 | 晚饭想吃点清淡的 | 她的裙子是蓝色的 | \
我们公司在二十楼 | 这双鞋穿着有点挤脚 | 院子里的桂花全都开了 | 表哥在上海开了一家书店 | \
雨停了以后天边有彩虹 | 夏天的蚊子实在太多了 | 老王养的鹦鹉会唱歌 | \
图书馆周末要到九点才关门 | 他们在沙滩上堆了一座城堡 | 厨房的水龙头一直在漏水 | \
阳台上晾着刚洗的床单 | 博物馆里有很多古代瓷器 | 这趟高铁中途不停车 | 山顶上能看见整座城市 | \
孩子们在操场上放风筝 | 医生让他少吃油腻的东西 | 茶几下面有一盒旧邮票 | \
去年冬天湖面结了厚厚的冰 | 邻居家的小狗特别爱叫";
const ZH_REPORT_SHORT: &str = "\
小 | 花 | 树 | 灯 | 风 | 马 | 黑 | 七 | 河 | 鸟 | 手 | 钱 | 糖 | 雪 | 灰 | 明天 | 电话 | \
广州 | 椅子 | 跳舞 | 二十 | 游泳 | 面条 | 黄色 | 夏天 | 爸爸 | 窗户 | 漂亮 | 很近 | 刷牙 | \
关灯 | 火车站 | 太冷了 | 晚上 | 饼干 | 画画 | 医院 | 厨房 | 礼物 | 生日 | 牛奶 | 眼镜 | \
足球 | 邮局 | 警察 | 超市 | 感冒 | 数学 | 月亮 | 海边 | 坐下 | 起来 | 五块 | 真好玩 | \
下个月 | 左边 | 我们 | 她说 | 有钱人 | 听音乐";
const ZH_REPORT_LONG: &str = "\
前天晚上隔壁一直在装修 | 这家店的饺子皮薄馅大 | 女儿明年就要考大学了 | 飞机因为大雾取消了 | \
桌子上放着三本杂志 | 小区门口的银行搬走了 | 他把钥匙忘在办公室里 | 下个星期准备去爬山 | \
狗在院子里跑来跑去 | 天气预报说后天会下雪 | 空调的温度开得太低了 | 过了红绿灯往右拐就到 | \
早饭我只喝了一杯豆浆 | 弟弟的书包是红色的 | 我们学校操场正在维修 | 冰箱里还剩两个鸡蛋 | \
爷爷每天早上打太极拳 | 这部电影一共两个小时 | 地铁上人特别多没座位 | \
把药放在小孩够不到的地方";
const EN_TUNING_SHORT: &str = "\
book | fire | car | fish | white | ten | hill | dog | rain | cold | today | computer | \
London | dinner | dancing | twelve | garden | green | winter | mother | cheap | open | \
ticket | early | cake | pencil | library | nowhere | toes | pay | hide | grow | bike | \
yellow dog | low tide | next week | big house | hot tea | my son | two miles | leg | \
tooth | ship | pear | pan | drum | brick | spade | pig | dragon | snake | sheep | bamboo | \
thunder | ice | smoke | mud | sand | star | pond | rope | needle | thread | cloth | wool | \
leather | silver | copper | curtain | towel | soap | mirror | hammer | ladder | blanket | \
pillow | candle | basket | bucket | carpet | engine | tractor | helmet | jacket | \
trousers | sweater | pepper | garlic | onion | carrot | pumpkin | mushroom | lettuce | \
cherry | lemon | melon | honey | cabbage | turkey | salmon | donkey | squirrel | penguin | \
spider | beetle | turtle | eagle | sparrow | castle | harbour | island | desert | valley | \
village hall | museum | theatre | stadium | palace | tunnel | railway | motorway | sailor | \
painter | butcher | gardener | waiter | tailor | nephew | grandson | wooden spoon | \
heavy rain | empty box | long queue | broken glass | red scarf | slow train | paper plate | \
stone wall | bright star | dry leaves | sweet corn | apple tree | garden gate | \
river bank | winter coat | silver ring | cheese sandwich";
const EN_TUNING_LONG: &str = "\
the train was half an hour late yesterday | my brother bought a second hand bicycle | \
there is a painting on the kitchen wall | the cat broke the blue vase again | \
we went for a walk in the park | the wind is getting stronger outside | \
turn left after the second bridge | she wore a long green dress | \
our office moved to the tenth floor | these apples are sweeter than the last ones | \
the soup needs a little more salt | he plays the violin every evening | \
the television was far too loud | put the boxes under the stairs | \
the museum is closed in winter | these boots are too tight for long walks | \
the roses behind the church are in bloom | my cousin runs a small bookshop in Leeds | \
after the rain there was a rainbow over the hills | \
mosquitoes are a nuisance by the lake in August | the parrot repeats every song it hears | \
the swimming pool opens at seven on weekdays | \
children were building castles on the beach | \
the tap in the bathroom has been dripping all night | \
clean sheets are drying on the balcony | \
the gallery shows paintings from the last century | \
this express does not stop before Manchester | from the top you can see the whole valley | \
a shoebox of old stamps lies under the bed | last winter the canal was frozen for weeks | \
the dog next door barks at every postman | fresh herbs make the sauce much better | \
the orchestra rehearses every Thursday evening";
const EN_REPORT_SHORT: &str = "\
tree | lamp | wind | horse | black | eight | lake | bird | hand | money | snow | sugar | \
warm | grey | shoe | bed | tomorrow | telephone | Boston | chair | swimming | twenty | \
kitchen | orange | autumn | father | expensive | closed | airport | evening | biscuit | \
drawing | hospital | somewhere | nose | pie | side | blow | milk | doctor | present | \
birthday | glasses | football | police | shopping | moonlight | seaside | sit down | \
stand up | five pounds | last month | right turn | cold soup | my aunt | three days | \
old car | high tower | loud music | new shoes";
const EN_REPORT_LONG: &str = "\
the neighbours were painting their fence all night | this bakery sells very good bread | \
my daughter starts university in autumn | the flight was cancelled because of fog | \
three magazines are lying on the desk | the bank on the corner has moved away | \
he left his keys inside the garage | they want to climb the mountain in June | \
a brown dog ran across the yard | the forecast says it will snow on Sunday | \
the heating is turned up too high | go straight past the traffic lights | \
breakfast was only a cup of coffee | his schoolbag is bright red | \
they are repairing the playground | two eggs are left in the fridge | \
grandfather reads the newspaper every morning | the film lasts about two hours | \
the bus was so full that nobody could sit | keep the medicine away from small children";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn_sounds::sounds;
    use std::collections::BTreeMap;

    #[test]
    fn no_text_is_a_phrase_or_serves_twice() {
        for language in [Language::Zh, Language::En] {
            let mut texts: Vec<String> = speech::lexicon::built_in_phrases(language)
                .unwrap()
                .into_iter()
                .map(|phrase| phrase.text.to_lowercase())
                .collect();
            for list in [for_tuning(language), for_report(language)] {
                texts.extend(list.short.iter().chain(&list.long).map(|t| t.to_lowercase()));
            }
            texts.sort();
            for pair in texts.windows(2) {
                assert_ne!(pair[0], pair[1]);
            }
        }
    }

    #[test]
    fn no_short_text_sounds_like_a_reply() {
        for language in [Language::Zh, Language::En] {
            let phones = |text: &str| sounds(language, text).unwrap().concat().concat();
            let phrases = speech::lexicon::built_in_phrases(language).unwrap();
            let replies = phrases.iter().filter(|phrase| !phrase.states.decoy);
            let listed: BTreeMap<_, _> =
                replies.map(|phrase| (phones(&phrase.text), &phrase.text)).collect();
            for text in for_tuning(language).short.into_iter().chain(for_report(language).short) {
                assert_eq!(listed.get(&phones(text)), None, "{text}");
            }
        }
    }
}
